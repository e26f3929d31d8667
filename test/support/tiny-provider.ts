import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTPayload,
  SignJWT,
} from 'jose';

/** An answer the test chooses; a function gets the posted form. */
export interface TinyAnswer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body: unknown;
  /** Never ends the answer, as a provider that hangs. */
  readonly hangs?: boolean;
}

export interface TinyKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

/** A provider on loopback that answers what the test says and remembers what it was asked. */
export interface TinyProvider {
  readonly origin: string;
  readonly authority: string;
  readonly issuer: string;
  /** Method and path of each request, in order. */
  readonly requests: string[];
  /** `traceparent` of each request, as `POST /path 00-…`; without one, nothing stands there. */
  readonly traces: string[];
  /** The forms posted to the token endpoint. */
  readonly forms: URLSearchParams[];
  /** Overrides of the metadata; `undefined` members are left out. */
  metadata: Record<string, unknown>;
  /** As Entra ID lists them: a key may name its `issuer`, which is no member of RFC 7517. */
  keys: (JWK & { readonly issuer?: unknown })[];
  /** Keys of one app, listed only for those who name it by `?appid=`, as Entra ID does. */
  appKeys: JWK[];
  /** Overrides a whole answer by path; a function gets the body that was sent. */
  answers: Map<string, TinyAnswer | ((body: string) => TinyAnswer)>;
  token: (form: URLSearchParams) => TinyAnswer | Promise<TinyAnswer>;
  /** Epoch seconds, for `Date` of each answer. Unless set, it is the time of the machine. */
  clock: (() => number) | undefined;
  readonly key: TinyKey;
  sign(
    claims: JWTPayload,
    options?: { key?: TinyKey; header?: Record<string, unknown> },
  ): Promise<string>;
  count(path: string): number;
  stop(): Promise<void>;
}

export const tenantId = '11111111-1111-4111-8111-111111111111';
export const clientId = '22222222-2222-4222-8222-222222222222';

export const paths = {
  metadata: `/${tenantId}/v2.0/.well-known/openid-configuration`,
  keys: `/${tenantId}/discovery/v2.0/keys`,
  token: `/${tenantId}/oauth2/v2.0/token`,
  authorize: `/${tenantId}/oauth2/v2.0/authorize`,
  logout: `/${tenantId}/oauth2/v2.0/logout`,
};

const keysByKid = new Map<string, Promise<TinyKey>>();

/** The key with this id: one for all providers of a test file, since keys take long to make. */
export function tinyKey(kid: string): Promise<TinyKey> {
  const known = keysByKid.get(kid) ?? createTinyKey(kid);
  keysByKid.set(kid, known);
  return known;
}

async function createTinyKey(kid: string): Promise<TinyKey> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig' } };
}

export async function startTinyProvider(): Promise<TinyProvider> {
  const [key, older] = await Promise.all([tinyKey('first'), tinyKey('older')]);
  const server = createServer((request, response) => {
    void serve(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const authority = `${origin}/${tenantId}/v2.0`;

  const provider: TinyProvider = {
    origin,
    authority,
    issuer: authority,
    requests: [],
    traces: [],
    forms: [],
    metadata: {},
    // As at Microsoft Entra ID: an older key is listed still, and none says its algorithm.
    keys: [older.jwk, key.jwk],
    appKeys: [],
    answers: new Map(),
    token: () => ({ status: 400, body: { error: 'invalid_request' } }),
    clock: undefined,
    key,
    sign: (claims, options = {}) =>
      new SignJWT(claims)
        .setProtectedHeader({
          alg: 'RS256',
          typ: 'JWT',
          kid: (options.key ?? key).kid,
          ...options.header,
        })
        .sign((options.key ?? key).privateKey),
    count: (path) => provider.requests.filter((line) => line.endsWith(` ${path}`)).length,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', origin);
    provider.requests.push(`${request.method ?? ''} ${pathname}`);
    const trace = String(request.headers['traceparent'] ?? '');
    provider.traces.push(`${request.method ?? ''} ${pathname} ${trace}`.trim());
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
    const body = Buffer.concat(chunks).toString('utf8');
    const answer = await answerTo(pathname, body, searchParams.get('appid'));
    if (answer.hangs === true) return;
    const time = provider.clock?.();
    response.writeHead(answer.status ?? 200, {
      'content-type': 'application/json',
      ...(time === undefined ? {} : { date: new Date(time * 1000).toUTCString() }),
      ...answer.headers,
    });
    response.end(
      typeof answer.body === 'string' || Buffer.isBuffer(answer.body)
        ? answer.body
        : JSON.stringify(answer.body),
    );
  }

  async function answerTo(path: string, body: string, app: string | null): Promise<TinyAnswer> {
    const chosen = provider.answers.get(path);
    if (chosen !== undefined) return typeof chosen === 'function' ? chosen(body) : chosen;
    const forApp = app === null ? '' : `?appid=${app}`;
    if (path === paths.metadata) {
      const jwks_uri = origin + paths.keys + forApp;
      return { body: { ...defaultMetadata, jwks_uri, ...provider.metadata } };
    }
    if (path === paths.keys) {
      const appKeys = app === clientId ? provider.appKeys : [];
      return { body: { keys: [...provider.keys, ...appKeys] } };
    }
    if (path !== paths.token) return { status: 404, body: {} };
    const form = new URLSearchParams(body);
    provider.forms.push(form);
    return provider.token(form);
  }

  const defaultMetadata = {
    issuer: authority,
    authorization_endpoint: origin + paths.authorize,
    token_endpoint: origin + paths.token,
    end_session_endpoint: origin + paths.logout,
  };
  return provider;
}
