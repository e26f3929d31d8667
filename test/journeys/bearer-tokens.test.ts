import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { localCommandLineId } from '../../local/stack/settings';
import { isObject } from '../../src/bodies';
import { whileAnswering } from '../support/answering-server';
import { type Checkout, copyCheckout } from '../support/copy-checkout';
import { accounts, fetchJson, signIn, startJourney, textOf } from '../support/journey';
import type { TestStack } from '../support/start-stack';
import { TestBrowser } from '../support/test-browser';

const examples = ['notes', 'mcp'].map(
  (name) => [name, readFileSync(`examples/functions/${name}.ts`, 'utf8')] as const,
);
const pages = {
  notes: readFileSync('docs/bearer-tokens.md', 'utf8'),
  mcp: readFileSync('docs/mcp.md', 'utf8'),
};

let checkout: Checkout;
let stack: TestStack;
let app: string;

/** The app with both examples, as the pages say to put them. */
beforeAll(async () => {
  checkout = copyCheckout();
  for (const [name, text] of examples) checkout.addFunction(name, text);
  await checkout.build();
  stack = await startJourney({ scriptRoot: checkout.root });
  app = stack.apps[0]?.url ?? '';
});
afterAll(async () => {
  await stack.stop();
  checkout.remove();
});

/** A token of the stand-in, by `POST /control/bearer-token`. */
async function issue(order: object, { facts } = stack): Promise<string> {
  const { body } = await fetchJson(`${facts.entraUrl}/control/bearer-token`, undefined, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(order),
  });
  return textOf(body, 'access_token');
}

const administrator = () => {
  const user = stack.facts.users.find(({ name }) => name === accounts(stack).administrator);
  return { name: user?.name ?? '', username: user?.username ?? '' };
};

const ask = (path: string, token: string) =>
  fetchJson(app + path, undefined, { headers: { authorization: `Bearer ${token}` } });

describe('docs/bearer-tokens.md', () => {
  it('shows the example as it is', () => {
    expect(pages.notes).toContain(`\`\`\`ts\n${examples[0]?.[1] ?? ''}\`\`\``);
  });

  it('is right about the commands for the local stack', () => {
    const [, commands = ''] = /<!-- local -->\n\n```sh\n([^]*?)```/.exec(pages.notes) ?? [];
    const here = commands
      .replaceAll('http://127.0.0.1:7081', stack.facts.entraUrl)
      .replaceAll('http://localhost:7071', app)
      .replaceAll('ines@anteroom.example', administrator().username);
    const said = execFileSync('sh', ['-e', '-c', here], { encoding: 'utf8' });
    expect(said).toContain(`{"notesOf":"${administrator().name}","through":"`);
    expect(said).toContain('{"notesOf":"everybody","through":"');
    // The profile comes from Graph, on behalf of the person.
    expect(said).toContain(`"userPrincipalName":"${administrator().username}"`);
  });

  it('is right that one handler serves a browser, a person through another app, and an app', async () => {
    const { browser } = await signIn(app, administrator().name);
    const callers = [
      await fetchJson(`${app}/notes`, browser),
      await ask('/notes', await issue({ user: administrator().username })),
      await ask('/notes', await issue({ user: administrator().username, version: 1 })),
      await ask('/notes', await issue({})),
    ];
    expect(callers.map(({ status, body }) => [status, textOf(body, 'notesOf')])).toEqual([
      [200, administrator().name],
      [200, administrator().name],
      [200, administrator().name],
      [200, 'everybody'],
    ]);
  });

  it('is right that a daemon gets its token by its own secret', async () => {
    const { id, secret } = stack.facts.daemon;
    const form = {
      ...{ grant_type: 'client_credentials', client_id: id, client_secret: secret },
      scope: `api://${stack.facts.client.id}/.default`,
    };
    const { token_endpoint: endpoint } = await metadataOf(stack.facts.authority);
    const answer = await fetch(String(endpoint), {
      method: 'POST',
      body: new URLSearchParams(form),
    });
    const { status, body } = await ask('/notes', textOf(await answer.json(), 'access_token'));
    expect([status, body]).toEqual([200, { notesOf: 'everybody', through: id }]);
  });

  it.each<[string, object, number, string]>([
    ['without the scope', { scopes: ['Notes.Write'] }, 403, 'ERR_SCOPE_MISSING'],
    ['that has expired', { seconds: -120 }, 401, 'ERR_BEARER_TOKEN'],
    ['for another API', { api: 'api://orders' }, 401, 'ERR_BEARER_TOKEN'],
  ])("is right that a person's token %s is refused", async (_what, order, status, code) => {
    const token = await issue({ user: administrator().username, ...order });
    const answer = await ask('/notes', token);
    expect([answer.status, textOf(answer.body, 'code')]).toEqual([status, code]);
  });

  it('is right that an app without the role is refused', async () => {
    const answer = await ask('/notes', await issue({ roles: [] }));
    expect([answer.status, textOf(answer.body, 'code')]).toEqual([403, 'ERR_APP_ROLE_MISSING']);
  });
});

describe('bearer tokens of several organisations in China', () => {
  let china: TestStack;
  let chinese: string;

  beforeAll(async () => {
    const options = { scriptRoot: checkout.root, shape: 'china', tenant: 'organizations' } as const;
    china = await startJourney(options);
    chinese = china.apps[0]?.url ?? '';
  });
  afterAll(() => china.stop());

  const statusOf = async (order: object) => {
    const authorization = `Bearer ${await issue(order, china)}`;
    const { status } = await fetchJson(`${chinese}/notes`, undefined, {
      headers: { authorization },
    });
    return status;
  };

  it.each([1, 2])('of version %d have the issuer of that cloud, and no other', async (version) => {
    const users = china.facts.users.filter(({ name }) => /^(Ines|Rafael)/.test(name));
    for (const { username: user, tenantId } of users) {
      const login = version === 1 ? `https://sts.chinacloudapi.cn/${tenantId}/` : undefined;
      const iss = login ?? `https://login.partner.microsoftonline.cn/${tenantId}/v2.0`;
      expect(await statusOf({ user, version })).toBe(200);
      expect(await statusOf({ user, version, claims: { iss } })).toBe(200);
      const elsewhere = `https://sts.windows.net/${tenantId}/`;
      expect(await statusOf({ user, version, claims: { iss: elsewhere } })).toBe(401);
    }
    expect(users).toHaveLength(2);
  });

  it('belong to people who can sign in there, too', async () => {
    const { browser } = await signIn(chinese, 'Rafael Duarte');
    const { body } = await fetchJson(`${chinese}/notes`, browser);
    expect(textOf(body, 'notesOf')).toBe('Rafael Duarte');
  });
});

describe('docs/mcp.md', () => {
  it('shows the example as it is', () => {
    expect(pages.mcp).toContain(`\`\`\`ts\n${examples[1]?.[1] ?? ''}\`\`\``);
  });

  it('is right about the way of a client, from no token to a call', async () => {
    const refused = await post({ method: 'server/discover', version: '2026-07-28' });
    expect(refused.status).toBe(401);
    const challenge = refused.headers.get('www-authenticate') ?? '';
    const [, metadataUrl = ''] = /resource_metadata="([^"]+)"/.exec(challenge) ?? [];
    const [, scope = ''] = /scope="([^"]+)"/.exec(challenge) ?? [];
    const { body: metadata } = await fetchJson(metadataUrl);
    expect(metadata).toMatchObject({ resource: `${app}/mcp`, scopes_supported: [scope] });
    // Some clients look at the root of the origin alone.
    const root = await fetchJson(`${app}/.well-known/oauth-protected-resource`);
    expect(root.body).toMatchObject({ resource: app });
    const [server] = listOf(metadata, 'authorization_servers');
    const token = await signInFor(scope, await metadataOf(String(server)));

    const discovered = await post({ method: 'server/discover', token, version: '2026-07-28' });
    expect(resultOf(discovered.body)).toMatchObject({ capabilities: { tools: {} } });
    const listed = await post({ method: 'tools/list', token, version: '2026-07-28' });
    expect(listOf(resultOf(listed.body), 'tools')).toMatchObject([{ name: 'who_am_i' }]);
    const params = { name: 'who_am_i', arguments: {} };
    const called = await post({ method: 'tools/call', token, version: '2026-07-28', params });
    expect(called.status).toBe(200);
    expect(JSON.stringify(called.body)).toContain(`${administrator().name} through `);
  });

  it('is right about clients that begin with initialize', async () => {
    const token = await issue({ user: administrator().username });
    const begun = await post({
      method: 'initialize',
      token,
      params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: {} },
    });
    expect(resultOf(begun.body)).toMatchObject({ protocolVersion: '2025-06-18' });
    const version = '2025-06-18';
    const noted = await post({ method: 'notifications/initialized', token, version, id: null });
    expect(noted.status).toBe(202);
    const params = { name: 'who_am_i', arguments: {} };
    const called = await post({ method: 'tools/call', token, version, params });
    expect(JSON.stringify(called.body)).toContain(administrator().name);
  });

  it.each<[string, Partial<Message>, number, number | undefined]>([
    ['another version', { version: '2031-01-01' }, 400, -32022],
    ['headers that differ from the body', { headers: { 'mcp-method': 'x' } }, 400, -32020],
    ['an unknown method', { method: 'resources/list' }, 404, -32601],
    ['an unknown tool', { method: 'tools/call', params: { name: 'rm' } }, 400, -32602],
    ['a body that is no message', { body: '[]' }, 400, -32700],
    ['a page of another origin', { headers: { origin: 'https://evil.example' } }, 403, undefined],
    ['no token', { token: '' }, 401, undefined],
  ])('is right that %s is refused', async (_what, message, status, code) => {
    const token = await issue({ user: administrator().username });
    const usual = { method: 'tools/list', version: '2026-07-28', token };
    const answer = await post({ ...usual, ...message });
    expect(answer.status).toBe(status);
    const error: unknown = isObject(answer.body) ? answer.body['error'] : undefined;
    expect(isObject(error) ? error['code'] : undefined).toBe(code);
  });
});

interface Message {
  readonly method: string;
  readonly version?: string;
  readonly token?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  /** Null for a notification. */
  readonly id?: number | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends a message as an MCP client does. From 2026-07-28 on each request says what older versions agree on first. */
function post({ method, version, token = '', params = {}, id = 1, ...more }: Message) {
  const isCurrent = version !== undefined && version >= '2026';
  const _meta = { 'io.modelcontextprotocol/protocolVersion': version };
  const message = {
    ...{ jsonrpc: '2.0', method },
    ...(id === null ? {} : { id }),
    params: isCurrent ? { ...params, _meta } : params,
  };
  return fetchJson(`${app}/mcp`, undefined, {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      ...(version === undefined ? {} : { 'mcp-protocol-version': version }),
      ...(isCurrent ? { 'mcp-method': method } : {}),
      ...(isCurrent && typeof params['name'] === 'string' ? { 'mcp-name': params['name'] } : {}),
      ...more.headers,
    },
    body: more.body ?? JSON.stringify(message),
  });
}

async function metadataOf(server: string): Promise<Readonly<Record<string, unknown>>> {
  const { body } = await fetchJson(`${server}/.well-known/openid-configuration`);
  if (!isObject(body)) throw new Error(`no metadata at ${server}`);
  return body;
}

/** Signs the administrator in through the command line's registration, as a public client does. */
function signInFor(
  scope: string,
  {
    authorization_endpoint: authorize,
    token_endpoint: endpoint,
  }: Readonly<Record<string, unknown>>,
): Promise<string> {
  const code_verifier = randomBytes(32).toString('base64url');
  const code_challenge = createHash('sha256').update(code_verifier).digest('base64url');
  return whileAnswering(
    (_request, response) => response.end('Thank you.'),
    async (port) => {
      const client = { client_id: localCommandLineId, redirect_uri: `http://localhost:${port}` };
      const proof = { response_type: 'code', code_challenge, code_challenge_method: 'S256' };
      const query = new URLSearchParams({ ...client, ...proof, scope: `openid ${scope}` });
      const browser = new TestBrowser();
      const picker = await browser.open(`${String(authorize)}?${query.toString()}`);
      const asked = await browser.press(picker, administrator().name);
      const { url } = await browser.press(asked, 'Accept');
      const code = url.searchParams.get('code') ?? '';
      const form = { grant_type: 'authorization_code', ...client, code, code_verifier };
      const body = new URLSearchParams(form);
      const answer = await fetch(String(endpoint), { method: 'POST', body });
      return textOf(await answer.json(), 'access_token');
    },
  );
}

function listOf(value: unknown, name: string): readonly unknown[] {
  const list: unknown = isObject(value) ? value[name] : undefined;
  return Array.isArray(list) ? list : [];
}

function resultOf(body: unknown): unknown {
  return isObject(body) ? body['result'] : undefined;
}
