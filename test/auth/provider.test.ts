import { createProvider, type Provider } from '../../src/auth/provider';
import { failureOf, longEnough } from '../support/auth-fixture';
import {
  createTinyKey,
  paths,
  startTinyProvider,
  type TinyProvider,
} from '../support/tiny-provider';

const start = 1_800_000_000;
const day = 86_400;
const rs256 = (kid: string) => ({ alg: 'RS256', kid });

let tiny: TinyProvider;
let now: number;
let provider: Provider;

const create = (issuer = tiny.issuer) =>
  createProvider({ authority: tiny.authority, issuer, clock: () => now });
const metadata = (signal = longEnough()) => provider.metadata(signal);
const findKey = (kid: string, signal = longEnough()) => provider.findKey(rs256(kid), signal);

beforeEach(async () => {
  tiny = await startTinyProvider();
  now = start;
  provider = create();
});
afterEach(() => tiny.stop());

describe('createProvider', () => {
  it('fetches nothing before it is asked', () => {
    expect(tiny.requests).toEqual([]);
  });

  it('fetches metadata and keys once, however many ask at once', async () => {
    const all = await Promise.all([metadata(), metadata(), findKey('first'), findKey('first')]);
    expect(all[0].tokenEndpoint).toBe(tiny.origin + paths.token);
    expect(all[2]).toBeDefined();
    expect(tiny.requests).toEqual([`GET ${paths.metadata}`, `GET ${paths.keys}`]);
  });

  it('keeps them for a day, then fetches both again', async () => {
    await metadata();
    now = start + day - 1;
    await metadata();
    expect(tiny.requests).toHaveLength(2);
    now = start + day;
    tiny.metadata = { end_session_endpoint: `${tiny.origin}/elsewhere` };
    expect((await metadata()).endSessionEndpoint).toBe(`${tiny.origin}/elsewhere`);
    expect(tiny.requests).toHaveLength(4);
  });

  it('keeps the last good set when a renewal fails, and tries again after a minute', async () => {
    await metadata();
    now = start + day;
    tiny.answers.set(paths.metadata, { status: 500, body: {} });
    expect((await metadata()).issuer).toBe(tiny.issuer);
    expect(tiny.count(paths.metadata)).toBe(2);
    now += 59;
    await metadata();
    expect(tiny.count(paths.metadata)).toBe(2);
    now += 1;
    tiny.answers.clear();
    await metadata();
    expect(tiny.count(paths.metadata)).toBe(3);
    expect(tiny.count(paths.keys)).toBe(2);
  });

  it('keeps the last good set when the renewed metadata is of another provider', async () => {
    await metadata();
    now = start + day;
    tiny.metadata = { issuer: 'https://other.example' };
    expect((await metadata()).issuer).toBe(tiny.issuer);
  });

  it.each([
    ['the metadata', () => paths.metadata],
    ['the keys', () => paths.keys],
  ])('tries a failed first fetch of %s again at the next request', async (_what, path) => {
    tiny.answers.set(path(), { status: 503, body: {} });
    expect((await failureOf(metadata())).code).toBe('ERR_PROVIDER_UNAVAILABLE');
    tiny.answers.clear();
    expect((await metadata()).issuer).toBe(tiny.issuer);
  });

  it.each<[string, string, { status?: number; headers?: Record<string, string>; body: unknown }]>([
    ['no JSON', 'ERR_PROVIDER_UNAVAILABLE', { body: '<html>' }],
    ['too much', 'ERR_PROVIDER_UNAVAILABLE', { body: ' '.repeat(256 * 1024 + 1) }],
    ['500', 'ERR_PROVIDER_UNAVAILABLE', { status: 500, body: {} }],
    ['429', 'ERR_PROVIDER_UNAVAILABLE', { status: 429, body: {} }],
    ['400, an unknown tenant', 'ERR_PROVIDER_MISMATCH', { status: 400, body: {} }],
    ['404', 'ERR_PROVIDER_MISMATCH', { status: 404, body: {} }],
    ['a list', 'ERR_PROVIDER_MISMATCH', { body: [] }],
    ['null', 'ERR_PROVIDER_MISMATCH', { body: 'null' }],
  ])('refuses metadata that is %s', async (_what, code, answer) => {
    tiny.answers.set(paths.metadata, answer);
    expect((await failureOf(metadata())).code).toBe(code);
  });

  it('follows no redirect', async () => {
    tiny.answers.set(paths.metadata, { status: 302, headers: { location: '/moved' }, body: '' });
    tiny.answers.set('/moved', { body: { issuer: tiny.issuer } });
    expect((await failureOf(metadata())).code).toBe('ERR_PROVIDER_UNAVAILABLE');
    expect(tiny.requests).toEqual([`GET ${paths.metadata}`]);
  });

  it('is unavailable when nobody listens', async () => {
    await tiny.stop();
    expect((await failureOf(metadata())).code).toBe('ERR_PROVIDER_UNAVAILABLE');
  });

  it.each<[string, Record<string, unknown>]>([
    ['another issuer', { issuer: 'https://login.example/other/v2.0' }],
    ['the issuer and a slash', { issuer: 'set below' }],
    ['no issuer', { issuer: undefined }],
    ['no token endpoint', { token_endpoint: undefined }],
    ['no authorization endpoint', { authorization_endpoint: undefined }],
    ['no keys', { jwks_uri: undefined }],
    ['an endpoint that is no URL', { token_endpoint: '/token' }],
    ['an endpoint that is no text', { token_endpoint: ['https://login.example/token'] }],
    ['http off loopback', { token_endpoint: 'http://login.example/token' }],
    ['http on a host that only looks like loopback', { jwks_uri: 'http://127.0.0.1.example/k' }],
    ['a script as an endpoint', { authorization_endpoint: 'javascript:alert(1)' }],
    ['an endpoint with a password', { token_endpoint: 'https://a:b@login.example/token' }],
    ['an endpoint with a fragment', { authorization_endpoint: 'https://login.example/a#b' }],
    ['an unsafe end-session endpoint', { end_session_endpoint: 'http://login.example/out' }],
  ])('refuses metadata with %s', async (what, change) => {
    tiny.metadata = what.includes('slash') ? { issuer: `${tiny.issuer}/` } : change;
    expect((await failureOf(metadata())).code).toBe('ERR_PROVIDER_MISMATCH');
    expect(tiny.count(paths.keys)).toBe(0);
  });

  it('compares with the issuer of the settings, not with the authority', async () => {
    tiny.metadata = { issuer: 'https://external.example/v2.0' };
    provider = create('https://external.example/v2.0');
    expect((await metadata()).issuer).toBe('https://external.example/v2.0');
  });

  it('says whether the provider promises iss in its answers', async () => {
    expect((await metadata()).sendsIssuer).toBe(false);
    tiny.metadata = { authorization_response_iss_parameter_supported: true };
    provider = create();
    expect((await metadata()).sendsIssuer).toBe(true);
  });

  it.each([
    ['no keys', { keys: [] }],
    ['no RSA key', { keys: [{ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }] }],
    ['no list', { keys: 'none' }],
  ])('refuses a key set with %s', async (_what, body) => {
    tiny.answers.set(paths.keys, { body });
    expect((await failureOf(metadata())).code).toBe('ERR_PROVIDER_MISMATCH');
  });

  it('ignores keys it cannot read beside the one it needs', async () => {
    tiny.keys = [null, 'text', { kty: 'RSA' }, tiny.key.jwk] as unknown as typeof tiny.keys;
    expect(await findKey('first')).toBeDefined();
  });
});

describe('findKey', () => {
  it('fetches the keys at once for a kid nobody has seen, even right after the first fetch', async () => {
    await metadata();
    tiny.keys = [(await createTinyKey('second')).jwk];
    expect(await findKey('second')).toBeDefined();
    expect(tiny.count(paths.keys)).toBe(2);
    expect(tiny.count(paths.metadata)).toBe(1);
  });

  it('fetches for unknown kids at most once a minute', async () => {
    expect(await findKey('no-1')).toBeUndefined();
    now += 59;
    expect(await findKey('no-2')).toBeUndefined();
    expect(tiny.count(paths.keys)).toBe(2);
    now += 1;
    tiny.keys = [(await createTinyKey('third')).jwk];
    expect(await findKey('third')).toBeDefined();
    expect(tiny.count(paths.keys)).toBe(3);
  });

  it('fetches once for unknown kids that come together', async () => {
    await metadata();
    tiny.keys = [(await createTinyKey('second')).jwk];
    const found = await Promise.all([findKey('second'), findKey('second'), findKey('second')]);
    expect(found.every((key) => key !== undefined)).toBe(true);
    expect(tiny.count(paths.keys)).toBe(2);
  });

  it('keeps the known keys when fetching for an unknown kid fails, and says "unavailable"', async () => {
    await metadata();
    tiny.answers.set(paths.keys, { status: 500, body: {} });
    expect((await failureOf(findKey('second'))).code).toBe('ERR_PROVIDER_UNAVAILABLE');
    expect(await findKey('first')).toBeDefined();
    expect((await failureOf(findKey('second'))).code).toBe('ERR_PROVIDER_UNAVAILABLE');
    expect(tiny.count(paths.keys)).toBe(2);
    now += 60;
    tiny.answers.clear();
    expect(await findKey('second')).toBeUndefined();
    expect(tiny.count(paths.keys)).toBe(3);
  });

  it('finds no key for another algorithm', async () => {
    expect(await provider.findKey({ alg: 'HS256', kid: 'first' }, longEnough())).toBeUndefined();
  });
});

describe('deadlines', () => {
  it("ends one request's waiting without spoiling the fetch for the others", async () => {
    const hanging = new AbortController();
    const impatient = metadata(hanging.signal);
    const patient = metadata();
    hanging.abort();
    expect((await failureOf(impatient)).code).toBe('ERR_PROVIDER_UNAVAILABLE');
    expect((await patient).issuer).toBe(tiny.issuer);
    expect(tiny.count(paths.metadata)).toBe(1);
  });

  it('lets a request go whose deadline has passed already', async () => {
    expect((await failureOf(metadata(AbortSignal.abort()))).code).toBe('ERR_PROVIDER_UNAVAILABLE');
  });

  it('stops waiting for a provider that hangs', async () => {
    tiny.answers.set(paths.metadata, { hangs: true, body: '' });
    const failure = await failureOf(metadata(AbortSignal.timeout(50)));
    expect(failure.code).toBe('ERR_PROVIDER_UNAVAILABLE');
  });

  it('bounds the shared fetch itself', async () => {
    tiny.answers.set(paths.metadata, { hangs: true, body: '' });
    expect((await failureOf(metadata())).code).toBe('ERR_PROVIDER_UNAVAILABLE');
    tiny.answers.clear();
    expect((await metadata()).issuer).toBe(tiny.issuer);
  }, 10_000);
});
