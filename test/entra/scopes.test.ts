import { normalScopes, requireOneResource, scopesOfSignIn } from '../../src/entra/scopes';

describe('scopesOfSignIn', () => {
  it.each<[string, string[], string[]]>([
    ['all of one API', ['User.Read', 'Mail.Read'], ['User.Read', 'Mail.Read']],
    [
      "Graph's in every form",
      ['User.Read', 'https://graph.microsoft.com/Mail.Read'],
      ['User.Read', 'https://graph.microsoft.com/Mail.Read'],
    ],
    ["Graph's, wherever they stand", ['api://orders/Read', 'User.Read'], ['User.Read']],
    [
      'the first API where Graph is not asked',
      ['api://orders/Read', 'api://stock/Read', 'api://orders/Write'],
      ['api://orders/Read', 'api://orders/Write'],
    ],
  ])('are %s', (_what, graphScopes, expected) => {
    expect(scopesOfSignIn(graphScopes)).toEqual(expected);
  });
});

it("takes along what a step-up asks of the same API, and leaves other APIs' scopes", () => {
  const more = ['Mail.Read', 'api://orders/Read', 'User.Read'];
  expect(scopesOfSignIn(['User.Read'], more)).toEqual(['User.Read', 'Mail.Read']);
  expect(scopesOfSignIn(['api://orders/Read'], ['Mail.Read'])).toEqual(['api://orders/Read']);
});

describe('requireOneResource', () => {
  it.each([
    [['User.Read', 'https://graph.microsoft.com/Mail.Read', 'offline_access']],
    [['https://graph.microsoft.us/.default']],
    [['api://orders/Read', 'API://ORDERS/Write']],
    [['https://contoso.com//.default', 'https://contoso.com/read']],
    [['openid', 'api://orders/Read']],
  ])('takes %j', (scopes) => {
    expect(() => {
      requireOneResource(scopes);
    }).not.toThrow();
  });

  it.each([
    [['User.Read', 'api://orders/Read'], 'Microsoft Graph and api://orders'],
    [['api://orders/Read', 'api://stock/Read'], 'api://orders and api://stock'],
    [['User.Read', '22222222-2222-4222-8222-222222222222'], 'Microsoft Graph and 22222222'],
  ])('refuses %j and names both', (scopes, names) => {
    expect(() => {
      requireOneResource(scopes);
    }).toThrow(names);
  });
});

describe('normalScopes', () => {
  it('are equal for scopes that mean the same', () => {
    const expected = ['api://orders/read', 'mail.read', 'user.read'];
    const scopes = ['https://graph.microsoft.com/User.Read', 'MAIL.READ', 'api://Orders/Read'];
    expect(normalScopes([...scopes, 'openid', 'profile', 'user.read'])).toEqual(expected);
  });
});
