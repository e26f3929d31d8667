import { inspect } from 'node:util';
import { createTableClient } from '../../src/storage/azure-table';
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
