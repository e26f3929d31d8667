import { parseStepUpRequest, stepUpName } from '../../src/auth/step-up';

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
  names: ['n'.repeat(22)],
};

describe('parseStepUpRequest', () => {
  it('reads a request, with claims and without', () => {
    expect(parseStepUpRequest(request)).toEqual(request);
    const plain = { scopes: [], userKey, sessionKey, returnPath: '/', madeAt, names: [] };
    expect(parseStepUpRequest(plain)).toEqual(plain);
  });

  it('reads what JSON made of one', () => {
    expect(parseStepUpRequest(JSON.parse(JSON.stringify(request)))).toEqual(request);
  });

  it.each<[string, unknown]>([
    ['no names', { ...request, names: undefined }],
    ['too many names', { ...request, names: Array.from({ length: 6 }, () => 'n'.repeat(22)) }],
    ['names of another kind', { ...request, names: ['n'] }],
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

describe('stepUpName', () => {
  const nbf = (value: string) => `{"access_token":{"nbf":{"essential":true,"value":"${value}"}}}`;
  const named = (scopes: string[], text?: string) =>
    stepUpName({ scopes, ...(text === undefined ? {} : { claims: text }) });

  it('is the same for what asks for the same', () => {
    expect(named(['A', 'B'])).toBe(named(['b', 'a', 'openid']));
    expect(named([], '{"a":{"x":1,"y":2},"b":{}}')).toBe(named([], '{"b":{},"a":{"y":2,"x":1}}'));
    expect(named([], nbf('1'))).toBe(named([], nbf('2')));
    expect(named(['A'])).toMatch(/^[A-Za-z0-9_-]{22}$/);
  });

  it('differs for other scopes and other claims', () => {
    const all = [
      named([]),
      named(['A']),
      named(['api://a/A']),
      named([], nbf('1')),
      named([], '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}'),
      named([], '{"access_token":{"acrs":{"essential":true,"value":"c2"}}}'),
    ];
    expect(new Set(all).size).toBe(all.length);
  });
});
