import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createEntraAppCheckout, type EntraAppCheckout } from './entra-app-checkout';
import { type Application, type Json, tenantId } from './fake-graph-az';

const day = 86_400_000;
const inDays = (days: number): string => new Date(Date.now() + days * day).toISOString();

describe('entra-app.sh --local', () => {
  let checkout: EntraAppCheckout;

  beforeEach(() => {
    checkout = createEntraAppCheckout();
  });

  afterEach(() => {
    checkout.remove();
  });

  const application = (): Application => {
    const [first] = checkout.az.tenant().applications;
    if (first === undefined) throw new Error('no registration');
    return first;
  };
  const secrets = (): readonly Json[] => application().passwordCredentials;
  /** As time would. */
  const age = (...ends: readonly number[]): void => {
    const passwordCredentials = secrets().map((secret, index) => ({
      ...secret,
      endDateTime: inDays(ends[index] ?? 90),
    }));
    checkout.az.change({ applications: [{ ...application(), passwordCredentials }] });
  };

  it('registers localhost and writes local.settings.json for the real tenant', () => {
    const { code, stdout, stderr } = checkout.run('--local');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { appId } = application();
    expect(checkout.values()).toMatchObject({
      APP_BASE_URL: 'http://localhost:7071',
      ENTRA_TENANT_ID: tenantId,
      ENTRA_CLIENT_ID: appId,
      ENTRA_CLIENT_SECRET: 's01~secret',
      ENTRA_AUTHORITY: '',
      ENTRA_ISSUER: '',
      GRAPH_BASE_URL: '',
      TABLES_NAME: 'anteroom',
    });
    expect(statSync(join(checkout.folder, 'local.settings.json')).mode & 0o777).toBe(0o600);
    expect(application()).toMatchObject({
      uniqueName: 'anteroom-local-ada',
      displayName: 'Anteroom (local development)',
      federatedIdentityCredentials: [],
      web: {
        redirectUris: [
          'http://localhost:7071/auth/redirect',
          'http://localhost:7071/auth/signed-out',
        ],
      },
    });
    expect(application()['web']).not.toHaveProperty('logoutUrl');
    const [secret] = secrets();
    expect(secret).toMatchObject({ displayName: 'local development' });
    expect(Date.parse(String(secret?.['endDateTime'])) - Date.now()).toBeGreaterThan(89 * day);
    expect(Date.parse(String(secret?.['endDateTime'])) - Date.now()).toBeLessThanOrEqual(90 * day);
    expect(stdout).toContain('Next: npm start -- --no-app');
    expect(stdout).toContain(`entra-app.sh --delete ${appId}`);
  });

  it('shows the secret nowhere: not in a trace, not in arguments', () => {
    const { code, stdout, stderr } = checkout.trace('--local');
    expect(code).toBe(0);
    expect(checkout.values()['ENTRA_CLIENT_SECRET']).toBe('s01~secret');
    expect(stdout + stderr + checkout.az.commands().join('\n')).not.toContain('s01~');
  });

  it('changes nothing when it is run again, and says so', () => {
    checkout.run('--local');
    const before = checkout.az.writes();
    const { stdout } = checkout.run('--local');
    expect(checkout.az.writes()).toEqual(before);
    expect(stdout).toContain('Registration: already as wanted');
    expect(stdout).toContain('local.settings.json: already as wanted\n');
  });

  it('follows another port, with the secret and the other settings as they were', () => {
    checkout.run('--local');
    const settings = checkout.settings();
    checkout.writeSettings(
      JSON.stringify({
        ...settings,
        Values: { ...checkout.values(), SESSION_IDLE_SECONDS: '60' },
        Host: { CORS: '*', LocalHttpPort: 7071 },
        ConnectionStrings: {},
      }),
    );
    expect(checkout.run('--local', '--port', '7072').stderr).toBe('');
    expect(checkout.settings()).toMatchObject({
      Values: {
        APP_BASE_URL: 'http://localhost:7072',
        ENTRA_CLIENT_SECRET: 's01~secret',
        SESSION_IDLE_SECONDS: '60',
      },
      Host: { CORS: '*', LocalHttpPort: 7072 },
      ConnectionStrings: {},
    });
    // Entra ID takes no notice of the port of localhost: two that differ only there are in each other's way.
    expect(application()['web']).toMatchObject({
      redirectUris: [
        'http://localhost:7072/auth/redirect',
        'http://localhost:7072/auth/signed-out',
      ],
    });
    // The port is remembered.
    expect(checkout.run('--local').stdout).toContain('local.settings.json: already as wanted');
  });

  it.each([
    [-1, 'the one that was there has expired', 1],
    [6, 'the one that was there expires within a week', 2],
  ])('makes a new secret when the one that was there ends in %s days', (days, reason, left) => {
    checkout.run('--local');
    age(days);
    const { stdout, stderr } = checkout.run('--local');
    expect(stderr).toBe('');
    expect(stdout).toContain(reason);
    expect(checkout.values()['ENTRA_CLIENT_SECRET']).toBe('s02~secret');
    expect(secrets()).toHaveLength(left);
  });

  it('keeps one that lasts longer than a week', () => {
    checkout.run('--local');
    age(8);
    checkout.run('--local');
    expect(checkout.values()['ENTRA_CLIENT_SECRET']).toBe('s01~secret');
  });

  it('removes secrets of its own that have expired, and no others', () => {
    checkout.run('--local');
    checkout.run('--local', '--new-secret');
    age(-1, 90);
    const theirs = { keyId: 'theirs', displayName: 'theirs', hint: 'abc', endDateTime: inDays(-9) };
    checkout.az.change({
      applications: [{ ...application(), passwordCredentials: [...secrets(), theirs] }],
    });
    expect(checkout.run('--local').stdout).toContain('Expired secrets of earlier runs: removed 1');
    expect(secrets()).toMatchObject([{ hint: 's02' }, theirs]);
    expect(checkout.values()['ENTRA_CLIENT_SECRET']).toBe('s02~secret');
  });

  it.each([
    ['another registration', { ENTRA_CLIENT_ID: 'another' }],
    ['no secret', { ENTRA_CLIENT_SECRET: '' }],
    ['a secret that the registration does not know', { ENTRA_CLIENT_SECRET: 'xyz~secret' }],
  ])('makes a secret where the file has %s', (_case, values) => {
    checkout.run('--local');
    const all = { ...checkout.values(), ...values };
    checkout.writeSettings(JSON.stringify({ ...checkout.settings(), Values: all }));
    checkout.run('--local');
    expect(checkout.values()['ENTRA_CLIENT_SECRET']).toBe('s02~secret');
  });

  it('makes a new secret when told to', () => {
    checkout.run('--local');
    checkout.run('--local', '--new-secret');
    expect(checkout.values()['ENTRA_CLIENT_SECRET']).toBe('s02~secret');
  });

  it('says which other secrets of its own are valid, and removes none of them', () => {
    expect(checkout.run('--local').stdout).not.toContain('Other valid secrets');
    // On another machine, or ended before the file was written.
    const settings = JSON.stringify(checkout.settings());
    rmSync(join(checkout.folder, 'local.settings.json'));
    const another = checkout.run('--local').stdout;
    const [first, second] = secrets().map(({ keyId }) => String(keyId));
    const { appId } = application();
    const said = (keyId: string | undefined): string =>
      `Other valid secrets called "local development": 1. They are of another machine of
yours, were replaced, or are of runs that were ended early. To remove those nobody uses:
  az ad app credential delete --id ${appId} --key-id ${keyId ?? ''}  # until ${String(secrets()[0]?.['endDateTime']).slice(0, 10)}
`;
    expect(another).toContain(said(first));
    expect(checkout.run('--local').stdout).toContain(said(first));
    checkout.writeSettings(settings);
    expect(checkout.run('--local').stdout).toContain(said(second));
    expect(checkout.run('--local', '--new-secret').stdout).toContain(
      'Other valid secrets called "local development": 2.',
    );
    expect(secrets()).toHaveLength(3);
    age(-1, -1, 90);
    expect(checkout.run('--local').stdout).not.toContain('Other valid secrets');
  });

  it('says nothing of secrets that others made', () => {
    checkout.run('--local');
    const theirs = { keyId: 'theirs', displayName: 'theirs', hint: 'abc', endDateTime: inDays(9) };
    checkout.az.change({
      applications: [{ ...application(), passwordCredentials: [...secrets(), theirs] }],
    });
    expect(checkout.run('--local').stdout).not.toContain('theirs');
  });

  it('writes the addresses of a cloud of its own', () => {
    checkout.az.change({
      graph: 'https://graph.microsoft.us/',
      authority: 'https://login.microsoftonline.us',
    });
    checkout.run('--local');
    expect(checkout.values()).toMatchObject({
      ENTRA_AUTHORITY: `https://login.microsoftonline.us/${tenantId}/v2.0`,
      GRAPH_BASE_URL: 'https://graph.microsoft.us/v1.0',
    });
  });
});
