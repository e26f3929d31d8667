import http from 'node:http';
import { gunzipSync } from 'node:zlib';
import { TableClient } from '@azure/data-tables';
import { startManagedIdentityStandIn } from '../../support/managed-identity-stand-in';
import {
  createTestTable,
  type OwnTables,
  startOwnTables,
  type TestTable,
} from '../../support/test-table';

const tenantId = '11111111-1111-4111-8111-111111111111';
const clientId = '66666666-6666-4666-8666-666666666666';
let tables: OwnTables;
let test: TestTable;
let platform: Awaited<ReturnType<typeof startManagedIdentityStandIn>>;
let account: { name: string; key: string };

beforeAll(async () => {
  platform = await startManagedIdentityStandIn({ tenantId, clientId });
  const { keys } = platform;
  account = accountOf(process.env['TEST_TABLES_CONNECTION_STRING'] ?? '');
  tables = await startOwnTables({ access: { tenantId, keys, account } });
  test = await createTestTable(tables.connectionString);
});
afterEach(() => {
  tables.misbehave();
});
afterAll(() => Promise.all([tables.stop(), platform.stop()]));

function accountOf(text: string): { name: string; key: string } {
  const [, name = '', key = ''] = /AccountName=([^;]+);AccountKey=([^;]+);/.exec(text) ?? [];
  return { name, key };
}

async function tokenFor(resource: string): Promise<string> {
  const { IDENTITY_ENDPOINT, IDENTITY_HEADER } = platform.environment;
  const query = new URLSearchParams({
    resource,
    'api-version': '2019-08-01',
    client_id: clientId,
  });
  const answer = await fetch(`${IDENTITY_ENDPOINT}?${query.toString()}`, {
    headers: { 'X-IDENTITY-HEADER': IDENTITY_HEADER },
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

/** Asks by a bearer token, as an app without secrets does, and looks at the wire. */
async function ask(
  path: string,
  {
    method = 'GET',
    headers = {},
    body,
  }: { method?: string; headers?: http.OutgoingHttpHeaders; body?: string } = {},
): Promise<Answer> {
  const token = await tokenFor('https://storage.azure.com');
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        ...{ host: '127.0.0.1', port: tables.port, method, path: `/${account.name}${path}` },
        headers: {
          accept: 'application/json;odata=minimalmetadata',
          'content-type': 'application/json',
          'x-ms-version': '2019-02-02',
          dataserviceversion: '3.0',
          authorization: `Bearer ${token}`,
          ...headers,
        },
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const isGzip = answer.headers['content-encoding'] === 'gzip';
          const text = (isGzip ? gunzipSync(bytes) : bytes).toString('utf8');
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
        });
      },
    );
    request.on('error', reject);
    if (headers.authorization === '') request.removeHeader('authorization');
    request.end(body);
  });
}

const codeOf = ({ text }: Answer) =>
  (JSON.parse(text) as { 'odata.error': { code: string } })['odata.error'].code;

describe('errors of data', () => {
  const row = JSON.stringify({ PartitionKey: 'p', RowKey: 'r' });
  const change = { 'if-match': '*' };
  const at = (table: string) => `/${table}(PartitionKey='p',RowKey='never')`;

  it.each([
    ['GET of a missing row', () => ask(at(test.tableName)), 404, 'ResourceNotFound'],
    ['GET of a row in a missing table', () => ask(at('nothere')), 404, 'ResourceNotFound'],
    ['list of a missing table', () => ask('/nothere()'), 404, 'TableNotFound'],
    [
      'PUT of a missing row',
      () => ask(at(test.tableName), { method: 'PUT', headers: change, body: '{}' }),
      404,
      'ResourceNotFound',
    ],
    [
      'PATCH of a missing row',
      () => ask(at(test.tableName), { method: 'PATCH', headers: change, body: '{}' }),
      404,
      'ResourceNotFound',
    ],
    [
      'DELETE of a missing row',
      () => ask(at(test.tableName), { method: 'DELETE', headers: change }),
      404,
      'ResourceNotFound',
    ],
    [
      'DELETE of a missing table',
      () => ask("/Tables('nothere')", { method: 'DELETE' }),
      404,
      'ResourceNotFound',
    ],
    [
      'insert into a missing table',
      () => ask('/nothere', { method: 'POST', body: row }),
      404,
      'TableNotFound',
    ],
  ])('%s: the code is in the body alone', async (_, work, status, code) => {
    const answer = await work();
    expect(answer.status).toBe(status);
    expect(codeOf(answer)).toBe(code);
    expect(answer.headers['x-ms-error-code']).toBeUndefined();
    expect(answer.headers['content-type']).toBe(
      'application/json;odata=minimalmetadata;streaming=true;charset=utf-8',
    );
  });
});

describe('bearer tokens', () => {
  it.each([
    ['no token', '', 'NoAuthenticationInformation'],
    ['rubbish', 'Bearer rubbish', 'InvalidAuthenticationInfo'],
  ])('%s: 401 with the challenge that only storage has', async (_, authorization, code) => {
    const answer = await ask(`/${test.tableName}()`, { headers: { authorization } });
    expect(answer.status).toBe(401);
    expect(answer.headers['x-ms-error-code']).toBe(code);
    expect(answer.headers['www-authenticate']).toBe(
      `Bearer authorization_uri=https://login.microsoftonline.com/${tenantId}/oauth2/authorize resource_id=https://storage.azure.com`,
    );
  });

  it('refuses one for another resource', async () => {
    const authorization = `Bearer ${await tokenFor('https://vault.azure.net')}`;
    expect((await ask(`/${test.tableName}()`, { headers: { authorization } })).status).toBe(401);
  });

  it('takes one for storage, and without the role answers 403', async () => {
    expect((await ask(`/${test.tableName}()`)).status).toBe(200);
    tables.misbehave({ fault: 'no-permission' });
    const answer = await ask(`/${test.tableName}()`);
    expect([answer.status, answer.headers['x-ms-error-code']]).toEqual([
      403,
      'AuthorizationPermissionMismatch',
    ]);
  });
});

describe('lists', () => {
  it('begin with an empty page, and continuations are opaque', async () => {
    for (const rowKey of ['1', '2']) {
      await test.client.createEntity({ partitionKey: 'lists', rowKey });
    }
    const query = "/$TABLE()?$top=1&$filter=PartitionKey%20eq%20'lists'".replace(
      '$TABLE',
      test.tableName,
    );
    const [keys, tokens] = [[] as unknown[], [] as string[]];
    let next = '';
    do {
      const answer = await ask(query + next);
      const { value } = JSON.parse(answer.text) as { value: { RowKey: string }[] };
      keys.push(value.map(({ RowKey }) => RowKey));
      const partition = answer.headers['x-ms-continuation-nextpartitionkey'];
      const row = answer.headers['x-ms-continuation-nextrowkey'];
      tokens.push(...[partition, row].filter((token) => typeof token === 'string'));
      next =
        typeof partition === 'string' ? `&NextPartitionKey=${encodeURIComponent(partition)}` : '';
      if (typeof row === 'string') next += `&NextRowKey=${encodeURIComponent(row)}`;
    } while (next !== '');
    expect(keys).toEqual([[], ['1'], ['2']]);
    expect(tokens).toHaveLength(3);
    for (const token of tokens) expect(token).toMatch(/^1!\d+![A-Za-z0-9+/]+-{0,2}$/);
  });

  it('refuse a continuation that was never given', async () => {
    const answer = await ask(`/${test.tableName}()?NextPartitionKey=1!4!a`);
    expect([answer.status, codeOf(answer)]).toEqual([400, 'InvalidInput']);
  });

  it('are compressed for those who take it', async () => {
    const answer = await ask(`/${test.tableName}()`, {
      headers: { 'accept-encoding': 'gzip,deflate' },
    });
    expect(answer.headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(answer.text)).toHaveProperty('value');
  });
});

describe('limits', () => {
  const kib = (count: number) => new Uint8Array(count * 1024);
  const many = (count: number, value: number | Uint8Array) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, value]));
  const place = { partitionKey: 'limits', rowKey: 'r' };

  it.each([
    ['a row over 1 MiB', many(18, kib(60)), 'EntityTooLarge'],
    ['a property over 64 KiB', { data: kib(65) }, 'PropertyValueTooLarge'],
    ['over 252 properties', many(253, 1), 'TooManyProperties'],
  ])('%s is refused, alone and in a transaction', async (_, properties, code) => {
    const row = { ...place, ...properties };
    await expect(test.client.createEntity(row)).rejects.toMatchObject({
      statusCode: 400,
      details: { odataError: { code } },
    });
    await expect(
      test.client.submitTransaction([
        ['create', { ...place, rowKey: 'small' }],
        ['create', row],
      ]),
    ).rejects.toMatchObject({
      code,
      statusCode: 400,
      message: expect.stringMatching(/^1:/) as string,
    });
    await expect(test.client.getEntity('limits', 'small')).rejects.toMatchObject({
      statusCode: 404,
    });
  });

  it('takes a row just below 1 MiB', async () => {
    await test.client.createEntity({ ...place, ...many(17, kib(60)) });
  });

  it('over 100 operations or 4 MiB a transaction are refused', async () => {
    const rows = (count: number, properties: object) =>
      Array.from(
        { length: count },
        (_, i): ['create', { partitionKey: string; rowKey: string }] => [
          'create',
          { partitionKey: 'limits', rowKey: `b${i}`, ...properties },
        ],
      );
    await expect(test.client.submitTransaction(rows(101, {}))).rejects.toMatchObject({
      code: 'InvalidInput',
    });
    await expect(test.client.submitTransaction(rows(6, many(10, kib(60))))).rejects.toMatchObject({
      code: 'RequestBodyTooLarge',
    });
  });
});

describe('faults', () => {
  const post = (change: object) =>
    fetch(`http://127.0.0.1:${tables.port}/control`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(change),
    });

  it('are set over HTTP too, for so many requests of a kind', async () => {
    expect((await post({ fault: 'busy', retryAfter: '7', on: 'list', times: 1 })).status).toBe(200);
    expect((await ask(`/${test.tableName}(PartitionKey='p',RowKey='never')`)).status).toBe(404);
    const busy = await ask(`/${test.tableName}()`);
    expect([busy.status, codeOf(busy), busy.headers['retry-after']]).toEqual([
      503,
      'ServerBusy',
      '7',
    ]);
    expect((await ask(`/${test.tableName}()`)).status).toBe(200);
    expect((await post({ fault: 'flood' })).status).toBe(400);
  });

  it('have a page, for people at this machine only', async () => {
    const page = await fetch(`http://127.0.0.1:${tables.port}/control`, {
      headers: { Accept: 'text/html' },
    });
    expect(await page.text()).toContain('What goes wrong');
    const rebound = await ask('/../../control', { headers: { host: 'evil.example' } });
    expect(rebound.status).toBe(421);
  });

  it('a lost answer was done', async () => {
    tables.misbehave({ fault: 'lost-answer', on: 'insert', times: 1 });
    const place = { partitionKey: 'lost', rowKey: 'r' };
    const once = TableClient.fromConnectionString(tables.connectionString, test.tableName, {
      allowInsecureConnection: true,
      retryOptions: { maxRetries: 0 },
    });
    await expect(once.createEntity(place)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await once.getEntity('lost', 'r')).toMatchObject({ rowKey: 'r' });
  });

  it('counts a list that begins with an empty page once', async () => {
    const rows = test.client.listEntities();
    tables.takeRequests();
    for await (const row of rows) expect(row.partitionKey).toBeDefined();
    expect(tables.takeRequests()).toHaveLength(1);
  });
});
