import type { RequestListener } from 'node:http';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { createAzureTable } from '../../src/storage/azure-table';
import { createTableClient } from '../../src/storage/table-client';
import { whileAnswering } from '../support/answering-server';
import { tablesConnectionString } from '../support/test-table';
import { thrownBy } from '../support/thrown-by';

const credential = {
  getToken: () => Promise.resolve({ token: 'token', expiresOnTimestamp: Number.MAX_SAFE_INTEGER }),
};
const accountAt = (endpoint: string) =>
  `DefaultEndpointsProtocol=http;AccountName=a;AccountKey=${btoa('secret-of-the-account')};TableEndpoint=${endpoint};`;

describe('createTableClient', () => {
  it('takes an endpoint with a credential', () => {
    const client = createTableClient({
      endpoint: 'https://account.table.core.windows.net',
      credential,
      tableName: 'anteroom',
    });

    expect(client.url).toBe('https://account.table.core.windows.net');
    expect(client.tableName).toBe('anteroom');
  });

  it.each([
    ['the emulator', tablesConnectionString()],
    ['the emulator in short', 'UseDevelopmentStorage=true'],
    ['localhost', accountAt('http://localhost:10002/a')],
    ['IPv6 loopback', accountAt('http://[::1]:10002/a')],
    ['https', accountAt('https://a.table.core.windows.net')],
  ])('takes a connection string of %s', (_, connectionString) => {
    expect(createTableClient({ connectionString, tableName: 'anteroom' }).tableName).toBe(
      'anteroom',
    );
  });

  it.each([
    ['http', 'http://a.table.core.windows.net'],
    ['http to a name that begins like loopback', 'http://127.0.0.1.example.org/a'],
    ['http to localhost of somebody', 'http://localhost.example.org/a'],
    ['no address', 'garbage'],
    ['another scheme', 'ftp://127.0.0.1/a'],
  ])('refuses %s beyond loopback', (_, endpoint) => {
    const byEndpoint = thrownBy(() => createTableClient({ endpoint, credential, tableName: 'a' }));
    const byConnectionString = thrownBy(() =>
      createTableClient({ connectionString: accountAt(endpoint), tableName: 'a' }),
    );

    expect(byEndpoint).toMatchObject({ code: 'ERR_SETTINGS' });
    expect(byConnectionString).toMatchObject({ code: 'ERR_SETTINGS' });
  });

  it.each(['', 'secret', 'AccountKey=secret', 'TableEndpoint=secret'])(
    'refuses the connection string "%s" without repeating it',
    (connectionString) => {
      const thrown = thrownBy(() => createTableClient({ connectionString, tableName: 'a' }));

      expect(thrown).toMatchObject({ code: 'ERR_SETTINGS' });
      expect(inspect(thrown, { depth: 5 })).not.toContain('=secret');
    },
  );
});

describe('its connections', () => {
  const signal = new AbortController().signal;
  const address = { partitionKey: 'a', rowKey: 'b' };
  const rowText = JSON.stringify({ PartitionKey: 'a', RowKey: 'b', 'odata.etag': '"1"', one: 'ä' });
  const json = { 'Content-Type': 'application/json' };
  const read = (port: number) =>
    createAzureTable(
      createTableClient({ connectionString: tablesConnectionString(port), tableName: 'a' }),
    ).read(address, signal);
  /** Reads a row from a server that answers so. */
  const readFrom = (listener: RequestListener) => whileAnswering(listener, read);

  it('are kept open', async () => {
    const ports = new Set<number | undefined>();
    const listener: RequestListener = (request, response) => {
      ports.add(request.socket.remotePort);
      response.writeHead(200, json).end(rowText);
    };
    await whileAnswering(listener, async (port) => {
      const connection = { connectionString: tablesConnectionString(port), tableName: 'a' };
      const table = createAzureTable(createTableClient(connection));
      for (let count = 0; count < 3; count += 1) await table.read(address, signal);
    });
    expect(ports.size).toBe(1);
  });

  it('take an answer in pieces that cut a character', async () => {
    const bytes = Buffer.from(rowText);
    const cut = bytes.indexOf(0xc3) + 1;
    const row = await readFrom((_request, response) => {
      response.writeHead(200, json).write(bytes.subarray(0, cut));
      setTimeout(() => response.end(bytes.subarray(cut)), 5);
    });
    expect(row?.properties).toEqual({ one: 'ä' });
  });

  it('ask for no compression, and take it from a proxy that compresses', async () => {
    let asked: unknown;
    const row = await readFrom((request, response) => {
      asked = request.headers['accept-encoding'];
      response.writeHead(200, { ...json, 'Content-Encoding': 'gzip' }).end(gzipSync(rowText));
    });
    expect([asked, row?.properties]).toEqual([undefined, { one: 'ä' }]);
  });

  it.each<[string, RequestListener]>([
    [
      'a compression that is none',
      (_, response) => {
        response.writeHead(200, { ...json, 'Content-Encoding': 'gzip' }).end(rowText);
      },
    ],
    [
      'a connection that breaks in the middle',
      (_, response) => {
        response.writeHead(200, { ...json, 'Content-Length': 1_000 }).write(rowText);
        setTimeout(() => response.destroy(), 5);
      },
    ],
  ])('end with an outage after three tries: %s', async (_, listener) => {
    let tries = 0;
    const counted: RequestListener = (request, response) => {
      tries += 1;
      listener(request, response);
    };
    await expect(readFrom(counted)).rejects.toMatchObject({ code: 'ERR_STORAGE_UNAVAILABLE' });
    expect(tries).toBe(3);
  });

  it('follow no redirect, which could lead a token to another host', async () => {
    const paths: unknown[] = [];
    const redirecting: RequestListener = (request, response) => {
      paths.push(request.url);
      response.writeHead(307, { Location: '/elsewhere' }).end();
    };
    await expect(readFrom(redirecting)).rejects.toMatchObject({ code: 'ERR_STORAGE_UNAVAILABLE' });
    expect(paths).toHaveLength(1);
  });

  it('carry a shared access signature in the address of a read and of a transaction', async () => {
    const asked: unknown[] = [];
    const listener: RequestListener = ({ method, url }, response) => {
      asked.push(`${method} ${url}`);
      response.writeHead(200, json).end(method === 'GET' ? rowText : '');
    };
    await whileAnswering(listener, async (port) => {
      const connectionString = `TableEndpoint=http://127.0.0.1:${port}/b;SharedAccessSignature=sv=1&sig=b%3D`;
      const table = createAzureTable(createTableClient({ connectionString, tableName: 'a' }));
      await table.read({ ...address, select: ['one'] }, signal);
      await table
        .transact('a', [{ action: 'delete', rowKey: 'b' }], signal)
        .catch(() => 'an answer without its parts');
    });
    expect(asked).toEqual([
      "GET /b/a(PartitionKey='a',RowKey='b')?$select=PartitionKey%2Cone&sv=1&sig=b%3D",
      'POST /b/$batch?sv=1&sig=b%3D',
    ]);
  });

  it('give no value of a type that the app never writes', async () => {
    const types = { 'long@odata.type': 'Edm.Int64', 'id@odata.type': 'Edm.Guid' };
    const others = { long: '1', id: '00000000-0000-4000-8000-000000000001', none: null };
    const row = await readFrom((_request, response) => {
      const more = JSON.stringify({ ...types, ...others }).slice(1);
      response.writeHead(200, json).end(`${rowText.slice(0, -1)},${more}`);
    });
    expect(row?.properties).toEqual({ one: 'ä' });
  });

  it('take a transaction for done only with an answer to each action', async () => {
    const body = `--changesetresponse_1\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n--changesetresponse_1--`;
    const done = whileAnswering(
      (_request, response) => {
        const type = 'multipart/mixed; boundary=batchresponse_1';
        response.writeHead(202, { 'Content-Type': type }).end(body);
      },
      (port) => {
        const connection = { connectionString: tablesConnectionString(port), tableName: 'a' };
        const table = createAzureTable(createTableClient(connection));
        const actions = ['b', 'c'].map((rowKey) => ({ action: 'delete', rowKey }) as const);
        return table.transact('a', actions, signal);
      },
    );
    await expect(done).rejects.toMatchObject({ code: 'ERR_STORAGE_UNAVAILABLE' });
  });

  it('leave nothing at a signal that is used for long', async () => {
    const long = new AbortController().signal;
    const [added, removed] = [
      jest.spyOn(long, 'addEventListener'),
      jest.spyOn(long, 'removeEventListener'),
    ];
    await whileAnswering(
      (_, response) => response.writeHead(200, json).end(rowText),
      async (port) => {
        const connection = { connectionString: tablesConnectionString(port), tableName: 'a' };
        await createAzureTable(createTableClient(connection)).read(address, long);
      },
    );
    expect(added).toHaveBeenCalled();
    expect(removed).toHaveBeenCalledTimes(added.mock.calls.length);
  });

  it.each([
    [
      'a connection string',
      { connectionString: tablesConnectionString() },
      'tablesNamedKeyCredentialPolicy',
    ],
    [
      'an identity',
      { endpoint: 'https://a.table.core.windows.net', credential },
      'bearerTokenAuthenticationPolicy',
    ],
  ])('do with %s only what a journey needs', (_, connection, signing) => {
    const { pipeline } = createTableClient({ ...connection, tableName: 'a' });
    const names = pipeline.getOrderedPolicies().map(({ name }) => name);
    expect(new Set(names)).toEqual(
      new Set(['serializationPolicy', 'deserializationPolicy', signing]),
    );
  });
});
