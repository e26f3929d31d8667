import { idTokenDemands } from '../src/claims-request';

describe('idTokenDemands', () => {
  it.each<[string, object, object]>([
    ['an essential context', { acrs: { essential: true, value: 'c1' } }, { acrs: ['c1'] }],
    [
      'several contexts',
      { acrs: { essential: true, values: ['c1', 'c2'] } },
      { acrs: ['c1', 'c2'] },
    ],
    ['an essential auth_time', { auth_time: { essential: true } }, { authTime: true }],
    ['nothing that is only wished for', { acrs: { value: 'c1' }, auth_time: null }, {}],
    ['no context that is no text', { acrs: { essential: true, values: [1, null] } }, {}],
  ])('finds %s', (_what, idToken, expected) => {
    expect(idTokenDemands(JSON.stringify({ id_token: idToken }))).toEqual(expected);
  });

  it('asks nothing of the ID token where the claims are for the access token', () => {
    const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
    expect(idTokenDemands(claims)).toEqual({});
  });
});
