import { createProvider, type Provider } from '../../src/entra/provider';
import { failureOf, longEnough } from '../support/auth-fixture';
import {
  clientId,
  tinyKey,
  paths,
  startTinyProvider,
  tenantId,
  type TinyProvider,
} from '../support/tiny-provider';

const start = 1_800_000_000;
const day = 86_400;
const rs256 = (kid: string) => ({ alg: 'RS256', kid });

let tiny: TinyProvider;
let now: number;
let provider: Provider;

const create = (issuer = tiny.issuer) =>
  createProvider({ authority: tiny.authority, issuer, clientId, clock: () => now });
const metadata = (signal = longEnough()) => provider.metadata(signal);
const findKeys = (kid: string, signal = longEnough()) => provider.findKeys(rs256(kid), signal);

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
    const all = await Promise.all([metadata(), metadata(), findKeys('first'), findKeys('first')]);
    expect(all[0].tokenEndpoint).toBe(tiny.origin + paths.token);
    expect(all[2]).toHaveLength(1);
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

  it('learns the GUID of the tenant that the settings name by a domain', async () => {
    provider = create(`${tiny.origin}/{tenantid}/v2.0`);
    expect((await metadata()).issuer).toBe(tiny.issuer);
  });

  it('keeps to that tenant when the domain moves to another one', async () => {
    provider = create(`${tiny.origin}/{tenantid}/v2.0`);
    await metadata();
    tiny.metadata = { issuer: `${tiny.origin}/${clientId}/v2.0` };
    now += 90_000;
    expect((await metadata()).issuer).toBe(tiny.issuer);
  });

  it.each([
    ['the issuers of all tenants', '{tenantid}'],
    ['a tenant that is no GUID', 'contoso.com'],
    ['a longer path', `${tenantId}/x`],
  ])('takes no metadata with %s for the one tenant of a domain', async (_what, tenant) => {
    provider = create(`${tiny.origin}/{tenantid}/v2.0`);
    tiny.metadata = { issuer: `${tiny.origin}/${tenant}/v2.0` };
    expect((await failureOf(metadata())).code).toBe('ERR_PROVIDER_MISMATCH');
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

  it('gives each key with the issuer that it may sign for', async () => {
    const issuer = 'https://login.microsoftonline.com/{tenantid}/v2.0';
    const [first, older] = [tiny.key.jwk, (await tinyKey('older')).jwk];
    tiny.keys = [{ ...first, issuer }, older, { ...(await tinyKey('odd')).jwk, issuer: 7 }];
    expect(await findKeys('first')).toMatchObject([{ issuer }]);
    expect(await findKeys('older')).toMatchObject([{ issuer: undefined }]);
    expect(await findKeys('odd')).toEqual([]);
  });

  it('ignores keys it cannot read beside the one it needs', async () => {
    tiny.keys = [null, 'text', { kty: 'RSA' }, tiny.key.jwk] as unknown as typeof tiny.keys;
    expect(await findKeys('first')).toHaveLength(1);
  });
});

describe('findKeys', () => {
  it('fetches the keys at once for a kid nobody has seen, even right after the first fetch', async () => {
    await metadata();
    tiny.keys = [(await tinyKey('second')).jwk];
    expect(await findKeys('second')).toHaveLength(1);
    expect(tiny.count(paths.keys)).toBe(2);
    expect(tiny.count(paths.metadata)).toBe(1);
  });

  it('fetches the keys at the address of the metadata, wherever that is', async () => {
    tiny.metadata = { jwks_uri: `${tiny.origin}/somewhere/else?of=this-run` };
    tiny.answers.set('/somewhere/else', { body: { keys: tiny.keys } });
    expect(await findKeys('first')).toHaveLength(1);
    expect(tiny.requests).toEqual([`GET ${paths.metadata}`, 'GET /somewhere/else']);
  });

  it('fetches for unknown kids at most once a minute', async () => {
    expect(await findKeys('no-1')).toEqual([]);
    now += 59;
    expect(await findKeys('no-2')).toEqual([]);
    expect(tiny.count(paths.keys)).toBe(2);
    now += 1;
    tiny.keys = [(await tinyKey('third')).jwk];
    expect(await findKeys('third')).toHaveLength(1);
    expect(tiny.count(paths.keys)).toBe(3);
  });

  it('fetches once for unknown kids that come together', async () => {
    await metadata();
    tiny.keys = [(await tinyKey('second')).jwk];
    const found = await Promise.all([findKeys('second'), findKeys('second'), findKeys('second')]);
    expect(found.map((keys) => keys.length)).toEqual([1, 1, 1]);
    expect(tiny.count(paths.keys)).toBe(2);
  });

  it('keeps the known keys when fetching for an unknown kid fails, and says "unavailable"', async () => {
    await metadata();
    tiny.answers.set(paths.keys, { status: 500, body: {} });
    expect((await failureOf(findKeys('second'))).code).toBe('ERR_PROVIDER_UNAVAILABLE');
    expect(await findKeys('first')).toHaveLength(1);
    expect((await failureOf(findKeys('second'))).code).toBe('ERR_PROVIDER_UNAVAILABLE');
    expect(tiny.count(paths.keys)).toBe(2);
    now += 60;
    tiny.answers.clear();
    expect(await findKeys('second')).toEqual([]);
    expect(tiny.count(paths.keys)).toBe(3);
  });

  it('finds no key for another algorithm', async () => {
    expect(await provider.findKeys({ alg: 'HS256', kid: 'first' }, longEnough())).toEqual([]);
  });
});

describe('keys of one app', () => {
  it('are found where the provider is a workforce tenant', async () => {
    const own = await tinyKey('of-this-app');
    tiny.appKeys = [own.jwk];
    expect(await findKeys('of-this-app')).toHaveLength(1);
    expect(await findKeys('first')).toHaveLength(1);
    expect(tiny.requests).toEqual([`GET ${paths.metadata}`, `GET ${paths.keys}`]);
  });

  const named = `?appid=${clientId}`;
  it.each([
    ['Entra ID', 'https://login.microsoftonline.com/contoso.com/v2.0', named],
    ['Entra ID of the US Government', `https://login.microsoftonline.us/${tenantId}/v2.0`, named],
    ['Entra ID in China', `https://login.partner.microsoftonline.cn/${tenantId}/v2.0`, named],
    ['a sovereign cloud', `https://login.sovcloud-identity.fr/${tenantId}/v2.0`, named],
    ['B2C', `https://contoso.b2clogin.com/${tenantId}/b2c_1_sign_in/v2.0`, ''],
    ['B2C by its old host', `https://login.microsoftonline.com/te/${tenantId}/b2c_1_in/v2.0`, ''],
    ['External ID', `https://contoso.ciamlogin.com/${tenantId}/v2.0`, ''],
    ['a host of its own', `https://login.contoso.com/${tenantId}/v2.0`, ''],
    [
      'a host that looks like Entra ID',
      `https://login.microsoftonline.com.example/${tenantId}/v2.0`,
      '',
    ],
  ])('are asked for at %s only as it knows the question', async (_what, authority, query) => {
    const fetched: string[] = [];
    const spy = jest.spyOn(globalThis, 'fetch').mockImplementation((input) => {
      fetched.push(input instanceof Request ? input.url : String(input));
      return Promise.reject(new TypeError('not here'));
    });
    const asked = createProvider({ authority, issuer: authority, clientId, clock: () => now });
    await failureOf(asked.metadata(longEnough()));
    spy.mockRestore();
    expect(fetched).toEqual([`${authority}/.well-known/openid-configuration${query}`]);
  });

  it('are not asked for on loopback where the issuer is another, as with External ID', async () => {
    tiny.metadata = { issuer: 'https://external.example/v2.0' };
    tiny.appKeys = [(await tinyKey('of-this-app')).jwk];
    provider = create('https://external.example/v2.0');
    expect(await findKeys('of-this-app')).toEqual([]);
  });
});

describe('a provider that is busy', () => {
  const busy = (retryAfter: string, status = 429) => ({
    status,
    headers: { 'retry-after': retryAfter },
    body: {},
  });

  it('is not asked before the time it named, and the caller is told what is left', async () => {
    tiny.answers.set(paths.metadata, busy('60'));
    expect((await failureOf(metadata())).retryAfterSeconds).toBe(60);
    now += 20;
    const second = await failureOf(metadata());
    expect([second.code, second.retryAfterSeconds]).toEqual(['ERR_PROVIDER_UNAVAILABLE', 40]);
    expect(tiny.requests).toHaveLength(1);
    now += 40;
    tiny.answers.clear();
    expect((await metadata()).issuer).toBe(tiny.issuer);
  });

  it('is not asked for unknown keys before that time either, while the known ones serve', async () => {
    await metadata();
    tiny.answers.set(paths.keys, busy('300', 503));
    expect((await failureOf(findKeys('second'))).retryAfterSeconds).toBe(300);
    now += 100;
    expect((await failureOf(findKeys('second'))).retryAfterSeconds).toBe(200);
    expect(await findKeys('first')).toHaveLength(1);
    expect(tiny.count(paths.keys)).toBe(2);
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
  });
});
