import { plainBrand } from '../src/pages/brand';
import { servicesOrFaults } from '../src/services';

const key = Buffer.alloc(64, 5).toString('base64');
const environment = {
  APP_BASE_URL: 'http://localhost:7071',
  ENTRA_TENANT_ID: '5a17d1a9-0000-4000-8000-00000000a11c',
  ENTRA_CLIENT_ID: 'c11e0000-0000-4000-8000-0000000a99a9',
  ENTRA_CLIENT_SECRET: 'a-secret-value',
  KEY_RING_SECRET: Buffer.alloc(32, 7).toString('base64url'),
};
const site = { authPath: '/auth', routePrefix: '', homePath: '/', menu: [], brand: plainBrand };

describe('servicesOrFaults', () => {
  it.each([
    [
      'without its protocol, which only the client of the table finds',
      'TableEndpoint=https://abc.table.core.windows.net',
    ],
    [
      'over http to a host of Azure',
      'DefaultEndpointsProtocol=http;TableEndpoint=http://abc.table.core.windows.net',
    ],
    ['to another host', 'DefaultEndpointsProtocol=https;TableEndpoint=https://contoso.com'],
  ])('says what a connection string must be, for one %s', (_name, endpoint) => {
    const made = servicesOrFaults(
      {
        ...environment,
        TABLES_CONNECTION_STRING: `${endpoint};AccountName=abc;AccountKey=${key}`,
      },
      site,
    );
    expect(made).toMatchObject({
      site,
      faults: [
        {
          name: 'TABLES_CONNECTION_STRING',
          fault:
            'must be a whole connection string of Azure Storage, as the portal shows it, over https (http on loopback only)',
        },
      ],
    });
  });

  it('makes services without a connection to anything', () => {
    const made = servicesOrFaults(
      {
        ...environment,
        TABLES_CONNECTION_STRING: `DefaultEndpointsProtocol=http;AccountName=abc;AccountKey=${key};TableEndpoint=http://127.0.0.1:1/abc`,
      },
      site,
    );
    expect('faults' in made ? made.faults : made.settings.baseUrl).toBe('http://localhost:7071');
  });
});
