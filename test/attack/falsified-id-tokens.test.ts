import { SignJWT } from 'jose';
import { clientSecret, tokenBody } from '../support/auth-fixture';
import {
  accepted,
  createFalsifiedSignIn,
  type FalsifiedSignIn,
  type Honest,
  refused,
} from '../support/falsified-sign-in';
import { clientId, tinyKey } from '../support/tiny-provider';

let fixture: FalsifiedSignIn;
beforeEach(async () => {
  fixture = await createFalsifiedSignIn();
});
afterEach(() => fixture.stop());

describe('one wrong claim in the ID token', () => {
  /** What stands in the place of the right value. */
  const lies: Record<string, (value: unknown) => unknown> = {
    missing: () => undefined,
    null: () => null,
    zero: () => 0,
    negative: () => -1,
    empty: () => '',
    'no list': () => [],
    object: () => ({ value: 1 }),
    true: () => true,
    more: (value) => (typeof value === 'number' ? value + 100_000 : `${String(value)}1`),
    'in a list': (value) => [value],
    long: () => 'x'.repeat(5000),
    endless: () => 1e300,
    'with NUL': (value) => `${String(value)}\u0000`,
    foreign: () => 'https://evil.example',
  };

  // Each lie that is not named here is refused. Those that are named are no lies by the rules of OpenID Connect, or
  // another person, whom the provider may vouch for.
  const others: Record<string, Record<string, string>> = {
    iss: {},
    aud: { 'in a list': accepted },
    exp: { more: accepted, endless: accepted },
    iat: {},
    nbf: { missing: accepted, zero: accepted, negative: accepted },
    sub: { more: accepted, 'with NUL': accepted, foreign: accepted },
    nonce: {},
    tid: {
      missing: accepted,
      ...{ more: '403 ERR_WRONG_TENANT', 'with NUL': '403 ERR_WRONG_TENANT' },
      foreign: '403 ERR_WRONG_TENANT',
    },
    oid: { missing: accepted, more: accepted, 'with NUL': accepted, foreign: accepted },
    azp: { missing: accepted },
    roles: {
      ...{ missing: accepted, empty: accepted, 'no list': accepted },
      ...{ more: accepted, 'in a list': accepted, 'with NUL': accepted, foreign: accepted },
    },
  };
  const honest: Record<string, unknown> = { azp: clientId, roles: 'reader' };

  it.each(Object.keys(others))('%s is refused, or means what it says', async (name) => {
    for (const [what, lie] of Object.entries(lies)) {
      const given = await fixture.signIn(async ({ claims, token }) => {
        const value = lie(honest[name] ?? claims[name]);
        return { body: tokenBody(await token({ ...claims, [name]: value })) };
      });
      expect([what, given]).toEqual([what, others[name]?.[what] ?? refused]);
    }
  });

  it.each(['sid', 'login_hint', 'acrs', 'auth_time', 'name', 'preferred_username', 'ver'])(
    '%s, which decides nothing at a sign-in, keeps nobody out',
    async (name) => {
      for (const what of ['null', 'object', 'in a list', 'long', 'endless', 'with NUL']) {
        const given = await fixture.signIn(async ({ claims, token }) => {
          const value = lies[what]?.(claims[name]);
          return { body: tokenBody(await token({ ...claims, [name]: value })) };
        });
        expect([what, given]).toEqual([what, accepted]);
      }
    },
  );
});

describe('one wrong part of the ID token', () => {
  const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const rs256 = { alg: 'RS256', kid: 'first' };
  /** The token of an honest answer, with other parts. */
  const withParts =
    (change: (header: string, payload: string, signature: string) => string) =>
    async ({ token }: Honest) => {
      const [header = '', payload = '', signature = ''] = (await token()).split('.');
      return change(header, payload, signature);
    };
  const withHeader = (header: unknown) =>
    withParts((_header, payload, signature) => `${encode(header)}.${payload}.${signature}`);
  const signedBy =
    (secret: string) =>
    ({ claims }: Honest) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', kid: 'first' })
        .sign(Buffer.from(secret));

  const tokens: Record<string, (honest: Honest) => Promise<string> | string> = {
    'no signature, alg none': withParts((_h, payload) => `${encode({ alg: 'none' })}.${payload}.`),
    'alg None': withHeader({ ...rs256, alg: 'None' }),
    'alg in small letters': withHeader({ ...rs256, alg: 'rs256' }),
    'alg as a list': withHeader({ ...rs256, alg: ['RS256'] }),
    'another alg': withHeader({ ...rs256, alg: 'RS512' }),
    'a kid that nobody has': ({ token }) => token(undefined, { kid: 'nobody' }),
    'the kid of another key': ({ token }) => token(undefined, { kid: 'older' }),
    'a kid as a number': withHeader({ ...rs256, kid: 7 }),
    'a kid as a list': withHeader({ ...rs256, kid: ['first'] }),
    'a critical header that nobody knows': withHeader({ ...rs256, crit: ['more'], more: 1 }),
    'a payload that is not encoded': withHeader({ ...rs256, crit: ['b64'], b64: false }),
    'no critical headers in a list': withHeader({ ...rs256, crit: [] }),
    'a number as header': withHeader(7),
    'null as header': withHeader(null),
    'no header': withParts((_header, payload, signature) => `.${payload}.${signature}`),
    'null as payload': withParts(
      (header, _p, signature) => `${header}.${encode(null)}.${signature}`,
    ),
    'no payload': withParts((header, _payload, signature) => `${header}..${signature}`),
    'no signature': withParts((header, payload) => `${header}.${payload}.`),
    'two parts': withParts((header, payload) => `${header}.${payload}`),
    'four parts': withParts((...parts) => [...parts, 'more'].join('.')),
    'five parts': withParts((...parts) => [...parts, 'more', 'more'].join('.')),
    'a space before it': withParts((...parts) => ` ${parts.join('.')}`),
    'padding after it': withParts((...parts) => `${parts.join('.')}==`),
    'a spoilt signature': withParts((header, payload, signature) => {
      const first = signature.startsWith('A') ? 'B' : 'A';
      return `${header}.${payload}.${first}${signature.slice(1)}`;
    }),
    'other claims': async ({ claims, token }) => {
      const [header = '', , signature = ''] = (await token()).split('.');
      return `${header}.${encode({ ...claims, roles: ['owner'] })}.${signature}`;
    },
    'a stranger’s key under our kid': async ({ claims }) => {
      const key = { ...(await tinyKey('stranger')), kid: 'first' };
      return fixture.tiny.sign(claims, { key });
    },
    'the secret of the app as key': signedBy(clientSecret),
    'the public key as secret': ({ claims }) =>
      signedBy(fixture.tiny.key.jwk.n ?? '')({ claims, token: () => Promise.resolve('') }),
  };

  it('is refused, and no address in a header is opened', async () => {
    for (const [what, make] of Object.entries(tokens)) {
      const given = await fixture.signIn(async (honest) => ({
        body: tokenBody(await make(honest)),
      }));
      expect([what, given]).toEqual([what, refused]);
    }
    const brought = { jku: `${fixture.tiny.origin}/evil`, x5u: `${fixture.tiny.origin}/evil` };
    const stranger = await tinyKey('stranger');
    const given = await fixture.signIn(async ({ claims }) => {
      const header = { ...brought, jwk: stranger.jwk, kid: 'stranger' };
      return { body: tokenBody(await fixture.tiny.sign(claims, { key: stranger, header })) };
    });
    expect([given, fixture.tiny.count('/evil')]).toEqual([refused, 0]);
  });
});
