import {
  idTokenDemands,
  parseClaimsChallenge,
  parseWwwAuthenticate,
} from '../../src/entra/claims-challenge';
import { workThatEnds } from '../support/work-that-ends';

const plain = (header: string) =>
  parseWwwAuthenticate(header)?.map(({ scheme, token68, parameters }) => [
    scheme,
    token68 ?? Object.fromEntries(parameters),
  ]);

describe('parseWwwAuthenticate', () => {
  it.each<[string, unknown]>([
    ['', []],
    [' , ,', []],
    ['Basic', [['basic', {}]]],
    ['Basic realm="a"', [['basic', { realm: 'a' }]]],
    ['Basic   realm = "a"', [['basic', { realm: 'a' }]]],
    ['Bearer realm=a, error=b', [['bearer', { realm: 'a', error: 'b' }]]],
    ['Bearer realm="",error="b"', [['bearer', { realm: '', error: 'b' }]]],
    ['Bearer REALM="A"', [['bearer', { realm: 'A' }]]],
    ['Bearer a="x, Basic realm=\\"y\\""', [['bearer', { a: 'x, Basic realm="y"' }]]],
    ['Bearer a="\\\\"', [['bearer', { a: '\\' }]]],
    ['Negotiate abc+/==', [['negotiate', 'abc+/==']]],
    [
      'Negotiate abc==, Bearer a=b',
      [
        ['negotiate', 'abc=='],
        ['bearer', { a: 'b' }],
      ],
    ],
    [
      'Bearer a=b, Basic',
      [
        ['bearer', { a: 'b' }],
        ['basic', {}],
      ],
    ],
    [
      'Bearer a=b, Basic c="d", e=f',
      [
        ['bearer', { a: 'b' }],
        ['basic', { c: 'd', e: 'f' }],
      ],
    ],
    [
      'Bearer a=b,, ,Basic c=d',
      [
        ['bearer', { a: 'b' }],
        ['basic', { c: 'd' }],
      ],
    ],
    [
      'Negotiate, Bearer a=b',
      [
        ['negotiate', {}],
        ['bearer', { a: 'b' }],
      ],
    ],
    [
      'Bearer a=b, Negotiate abc=',
      [
        ['bearer', { a: 'b' }],
        ['negotiate', 'abc='],
      ],
    ],
    ['Bearer a=b,', [['bearer', { a: 'b' }]]],
    [
      'Bearer realm="", uri=https://login.example/a?b=c, error=d',
      [['bearer', { realm: '', uri: 'https://login.example/a?b=c', error: 'd' }]],
    ],
    ['Bearer claims=eyJ9+/==, error=d', [['bearer', { claims: 'eyJ9+/==', error: 'd' }]]],
  ])('reads %j', (header, expected) => {
    expect(plain(header)).toEqual(expected);
  });

  it.each([
    'Bearer a="b',
    'Bearer a="b\\"',
    'Bearer a=b a=c',
    'Bearer a=b, a=c',
    'Bearer a=b, A=c',
    'Bearer a="b"c',
    'Bearer a="b" c="d"',
    'Bearer =b',
    'a=b',
    '"Bearer"',
    'Bearer a=b; c=d',
    'Bearer a=https://b c=https://d',
    'Bearer a=, c=d',
    'Bearer a=b"c"',
    'Bearer a="line\nbreak"',
    'Bearer\ta=b',
    'Bearer @',
    `Bearer a="${'b'.repeat(16 * 1024)}"`,
  ])('refuses %j', (header) => {
    expect(parseWwwAuthenticate(header)).toBeUndefined();
  });

  it.each([
    `Bearer ${'a=b, '.repeat(3000)}"`,
    `Bearer ${'='.repeat(16_000)}`,
    `Bearer a="${'\\'.repeat(16_000)}`,
    `Bearer a=${'b'.repeat(16_000)}"`,
  ])('takes linear time on a long hostile header', (header) => {
    workThatEnds(() => {
      // So often that more than linear time would not end.
      for (let run = 0; run < 300; run += 1) {
        expect(parseWwwAuthenticate(header)).toBeUndefined();
      }
    });
  });
});

const claims = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}';
const base64 = Buffer.from(claims).toString('base64');
const base64url = Buffer.from(claims).toString('base64url');
const bearer = (encoded: string, error = 'insufficient_claims') =>
  `Bearer realm="", authorization_uri="https://login.example/common", client_id="x", error="${error}", claims="${encoded}"`;
const encode = (text: string | Uint8Array) => Buffer.from(text as string).toString('base64');

describe('parseClaimsChallenge', () => {
  /** As Microsoft Graph sent it in 2022. */
  const unquotedUri = `Bearer realm="", authorization_uri=https://login.microsoftonline.com/common/oauth2/authorize, client_id="00000003-0000-0000-c000-000000000000", error="insufficient_claims", claims="${base64}", errorDescription="Continuous access evaluation resulted in claims challenge with result: InteractionRequired"`;
  /** As Microsoft Graph sends it in Microsoft.Identity.Web's tests of 2023. */
  const quotedUri = `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000", errorDescription="Continuous access evaluation resulted in challenge with result: InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp", error="insufficient_claims", claims="${base64}"`;

  it.each([
    ['an unquoted authorization_uri', unquotedUri],
    ['everything quoted, in another order', quotedUri],
    ['behind a header of another scheme', `PoP realm="", nonce=a.b~c, ${unquotedUri}`],
    [
      'behind a bearer header with an unquoted URL',
      `Bearer authorization_uri=https://a.example/b, ${unquotedUri}`,
    ],
    ['members nobody knows', unquotedUri.replace('error=', 'cc_type="authcontext", x=1, error=')],
    ['claims without quotes', unquotedUri.replace(`"${base64}"`, base64)],
    ['base64', bearer(base64)],
    ['base64url without padding', bearer(base64url)],
    ['behind another challenge', `Negotiate abc==, ${bearer(base64)}`],
    ['before another challenge', `${bearer(base64)}, Basic realm="x"`],
    ['a scheme in capitals', bearer(base64).replace('Bearer', 'BEARER')],
    ['an unquoted error', bearer(base64).replace('"insufficient_claims"', 'insufficient_claims')],
    ['after a bearer challenge without claims', `Bearer error="invalid_token", ${bearer(base64)}`],
  ])('finds the claims: %s', (_what, header) => {
    expect(parseClaimsChallenge(header)).toBe(claims);
  });

  it.each<[string, string | null]>([
    ['no header', null],
    ['no claims', 'Bearer error="insufficient_claims"'],
    ['another error', bearer(base64, 'invalid_token')],
    ['another scheme', bearer(base64).replace('Bearer', 'PoP')],
    [
      'claims inside another quoted value',
      `Basic realm="Bearer error=insufficient_claims, claims=${base64url}"`,
    ],
    ['what is not base64', bearer('{}')],
    ['empty claims', bearer('')],
    ['no JSON', bearer(encode('claims'))],
    ['a list', bearer(encode('[]'))],
    ['null', bearer(encode('null'))],
    ['members that are no objects', bearer(encode('{"access_token":null}'))],
    ['bytes that are not UTF-8', bearer(encode(Uint8Array.from([0xff, 0xfe])))],
    ['more than 2 KB', bearer(encode(JSON.stringify({ access_token: { a: 'x'.repeat(2048) } })))],
    ['a header that is not well formed', `${bearer(base64)}, Basic realm="x`],
    ['a header cut off after the unquoted URL', `${bearer('')}, authorization_uri=`],
    ['claims that are cut off', unquotedUri.slice(0, unquotedUri.indexOf(base64) + 20)],
  ])('finds none: %s', (_what, header) => {
    expect(parseClaimsChallenge(header)).toBeUndefined();
  });
});

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
