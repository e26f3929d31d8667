import { parseStepUpRequest } from '../../src/auth/step-up';

const userKey = 'u'.repeat(43);
const claims = '{"access_token":{"nbf":{"essential":true}}}';
const sessionKey = 's'.repeat(43);
const madeAt = 1_800_000_000;
const request = {
  scopes: ['User.Read'],
  claims,
  userKey,
  sessionKey,
  returnPath: '/reports?a=1',
  madeAt,
};

describe('parseStepUpRequest', () => {
  it('reads a request, with claims and without', () => {
    expect(parseStepUpRequest(request)).toEqual(request);
    const plain = { scopes: [], userKey, sessionKey, returnPath: '/', madeAt };
    expect(parseStepUpRequest(plain)).toEqual(plain);
  });

  it('reads what JSON made of one', () => {
    expect(parseStepUpRequest(JSON.parse(JSON.stringify(request)))).toEqual(request);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', JSON.stringify(request)],
    ['a list', [request]],
    ['another member', { ...request, redirect_uri: 'https://evil.example' }],
    ['no scopes', { ...request, scopes: undefined }],
    ['scopes as text', { ...request, scopes: 'User.Read' }],
    ['a scope with a space', { ...request, scopes: ['User.Read Mail.Read'] }],
    ['an empty scope', { ...request, scopes: [''] }],
    ['21 scopes', { ...request, scopes: Array.from({ length: 21 }, () => 's') }],
    ['claims that are no JSON', { ...request, claims: 'x' }],
    ['claims that are a list', { ...request, claims: '[]' }],
    ['claims whose member is no object', { ...request, claims: '{"id_token":null}' }],
    ['oversized claims', { ...request, claims: JSON.stringify({ a: { b: 'c'.repeat(2048) } }) }],
    ['no user', { ...request, userKey: undefined }],
    ['a user key of another form', { ...request, userKey: 'ada' }],
    ['no session', { ...request, sessionKey: undefined }],
    ['a session id', { ...request, sessionKey: 'a.b' }],
    ['no time', { ...request, madeAt: undefined }],
    ['no return path', { ...request, returnPath: undefined }],
    ['another origin', { ...request, returnPath: 'https://evil.example' }],
    ['another host', { ...request, returnPath: '//evil.example' }],
    ['an oversized return path', { ...request, returnPath: `/${'a'.repeat(2048)}` }],
  ])('refuses %s', (_what, payload) => {
    expect(parseStepUpRequest(payload)).toBeUndefined();
  });
});
