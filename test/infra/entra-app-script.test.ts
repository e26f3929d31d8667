import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isObject } from '../../src/is-object';
import { createBicepParser, entriesOf, readInfraSources, textOf } from './bicep-project';
import type { FakeGraphAz } from './fake-graph-az';
import { appId, createFakeGraphAz, servicePrincipalId, tenantId } from './fake-graph-az';

const identity = '1de27171-0000-4000-8000-00000000a11c';
const url = 'https://app.contoso.com';
const inAzure = ['--url', url, '--identity', identity, '--unique-name', 'anteroom-prod-x1'];

describe('infra/scripts/entra-app.sh', () => {
  let az: FakeGraphAz;
  let folder: string;

  beforeEach(() => {
    az = createFakeGraphAz();
    // A checkout of its own, so that local.settings.json of this one is left alone.
    folder = mkdtempSync(join(tmpdir(), 'anteroom-checkout-'));
    mkdirSync(join(folder, 'infra'));
    cpSync('infra/scripts', join(folder, 'infra/scripts'), { recursive: true });
    cpSync('local.settings.json.example', join(folder, 'local.settings.json.example'));
    cpSync('.gitignore', join(folder, '.gitignore'));
    spawnSync('git', ['init', '--quiet'], { cwd: folder });
  });

  afterEach(() => {
    az.remove();
    rmSync(folder, { recursive: true });
  });

  function run(...args: readonly string[]): {
    code: number | null;
    stdout: string;
    stderr: string;
  } {
    const { status, stdout, stderr } = spawnSync(
      'bash',
      [resolve(folder, 'infra/scripts/entra-app.sh'), ...args],
      {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, PATH: az.path, ENTRA_APP_PAUSE: '0' },
      },
    );
    return { code: status, stdout, stderr };
  }

  it('registers what the template registers', async () => {
    const { code, stdout, stderr } = run(...inAzure);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`client id     ${appId}\nredirect URI  ${url}/auth/redirect\n`);
    const project = (await createBicepParser())(readInfraSources());
    const main = project.get('infra/main.bicep');
    const paths = main?.variables.find(({ name }) => name === 'paths')?.value;
    const path = (name: string): string => {
      const value = paths === undefined ? undefined : entriesOf(paths).get(name);
      return value === undefined ? 'none' : textOf(value);
    };
    expect(az.objects()).toEqual({
      application: {
        id: expect.any(String) as string,
        appId,
        uniqueName: 'anteroom-prod-x1',
        displayName: 'Anteroom',
        signInAudience: 'AzureADMyOrg',
        appRoles: [
          {
            id: armGuid('anteroom-prod-x1', 'admin'),
            value: 'admin',
            displayName: 'Administrator',
            description: 'Sees who is signed in and can end sessions.',
            allowedMemberTypes: ['User'],
            isEnabled: true,
          },
        ],
        optionalClaims: {
          idToken: [
            { name: 'login_hint', essential: false },
            { name: 'sid', essential: false },
          ],
        },
        requiredResourceAccess: [
          {
            resourceAppId: '00000003-0000-0000-c000-000000000000',
            resourceAccess: [{ id: 'e1fe6dd8-ba31-4d61-89e7-88639da4683d', type: 'Scope' }],
          },
        ],
        web: {
          homePageUrl: url,
          implicitGrantSettings: { enableAccessTokenIssuance: false, enableIdTokenIssuance: false },
          logoutUrl: url + path('frontChannelLogout'),
          redirectUris: [url + path('redirect'), url + path('signedOut')],
        },
      },
      servicePrincipal: { id: servicePrincipalId, appRoleAssignmentRequired: false },
      federatedIdentityCredential: {
        name: 'app-identity',
        description: 'The managed identity of the app.',
        audiences: ['api://AzureADTokenExchange'],
        issuer: `https://login.microsoftonline.com/${tenantId}/v2.0`,
        subject: identity,
      },
    });
  });

  it('changes nothing when it is run again', () => {
    const args = [...inAzure, '--admin', 'grace', '--admin', 'alan'];
    run(...args);
    const first = az.objects();
    expect(first['assignments']).toHaveLength(2);
    expect(run(...args).code).toBe(0);
    expect(az.objects()).toEqual(first);
  });

  it('follows a changed address and name', () => {
    run(...inAzure);
    run(
      '--url',
      'https://new.contoso.com/',
      ...inAzure.slice(2),
      '--name',
      'Front desk',
      '--assignment-required',
    );
    expect(az.objects()['application']).toMatchObject({
      displayName: 'Front desk',
      web: {
        redirectUris: [
          'https://new.contoso.com/auth/redirect',
          'https://new.contoso.com/auth/signed-out',
        ],
      },
    });
    expect(az.objects()['servicePrincipal']).toMatchObject({ appRoleAssignmentRequired: true });
  });

  it('consents for everybody only when told to', () => {
    run(...inAzure);
    expect(az.objects()['consent']).toBeUndefined();
    run(...inAzure, '--consent');
    expect(az.objects()['consent']).toEqual({ id: appId });
  });

  it.each<[string, readonly string[], string]>([
    [
      'an address with a path',
      ['--url', 'https://a.example/b', ...inAzure.slice(2)],
      '--url wants',
    ],
    ['an address without https', ['--url', 'http://a.example', ...inAzure.slice(2)], '--url wants'],
    [
      'a client id or name in place of the principal id',
      ['--url', url, '--identity', 'id-anteroom', '--unique-name', 'a'],
      '--identity wants',
    ],
    ['no unique name', inAzure.slice(0, 4), '--unique-name is missing'],
    [
      'a unique name that would break out of the address',
      [...inAzure.slice(0, 4), '--unique-name', "a')/owners('b"],
      '--unique-name may hold',
    ],
    [
      'a name that would break out of the JSON',
      [...inAzure, '--name', 'a","b":"c'],
      '--name may not',
    ],
    ['deletion by name', ['--delete', 'Anteroom'], '--delete wants the application (client) id'],
    ['an option that it does not know', ['--everything'], 'unknown option --everything'],
  ])('refuses %s', (_case, args, text) => {
    const { code, stderr } = run(...args);
    expect(code).toBe(1);
    expect(stderr).toContain(text);
    expect(az.objects()).toEqual({});
  });

  it('deletes by id, for good, so that the name is free again', () => {
    run(...inAzure);
    const { code, stdout } = run('--delete', appId);
    expect(code).toBe(0);
    expect(stdout).toContain(`Deleting Anteroom (${appId})`);
    expect(az.objects()).not.toHaveProperty('application');
    expect(az.objects()).not.toHaveProperty('deleted');
  });

  it('finishes a deletion that somebody began by hand', () => {
    az.remove();
    az = createFakeGraphAz({ deleted: { id: 'object-1', appId } });
    expect(run('--delete', appId).code).toBe(0);
    expect(az.objects()).toEqual({});
  });

  it('says so when there is nothing to delete', () => {
    expect(run('--delete', appId).stderr).toContain(`there is no registration ${appId}`);
  });

  describe('--local', () => {
    it('registers localhost and writes local.settings.json for the real tenant', () => {
      const { code, stdout, stderr } = run('--local');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).not.toContain('secret-1');
      expect(values()).toMatchObject({
        APP_BASE_URL: 'http://localhost:7071',
        ENTRA_TENANT_ID: tenantId,
        ENTRA_CLIENT_ID: appId,
        ENTRA_CLIENT_SECRET: 'secret-1',
        ENTRA_AUTHORITY: '',
        GRAPH_BASE_URL: '',
        TABLES_NAME: 'anteroom',
      });
      expect(statSync(join(folder, 'local.settings.json')).mode & 0o077).toBe(0);
      expect(az.objects()).not.toHaveProperty('federatedIdentityCredential');
      expect(az.objects()['application']).toMatchObject({
        uniqueName: 'anteroom-local-ada',
        web: {
          logoutUrl: null,
          redirectUris: [
            'http://localhost:7071/auth/redirect',
            'http://localhost:7071/auth/signed-out',
          ],
        },
      });
    });

    it('never puts the secret where other processes can read it', () => {
      run('--local');
      expect(az.commands().join('\n')).not.toContain('secret-1');
    });

    it('keeps the secret and the other settings when it is run again', () => {
      run('--local');
      const settings = JSON.parse(readFileSync(join(folder, 'local.settings.json'), 'utf8')) as {
        Values: Record<string, string>;
      };
      settings.Values['SESSION_IDLE_SECONDS'] = '60';
      writeFileSync(join(folder, 'local.settings.json'), JSON.stringify(settings));
      expect(run('--local', '--port', '7072').code).toBe(0);
      expect(az.objects()['secrets']).toEqual({ count: 1, append: true });
      run('--local', '--new-secret');
      expect(values()).toMatchObject({
        ENTRA_CLIENT_SECRET: 'secret-2',
        SESSION_IDLE_SECONDS: '60',
      });
    });

    it('makes no secret where git would take the file', () => {
      writeFileSync(join(folder, '.gitignore'), 'dist/\n');
      const { code, stderr } = run('--local');
      expect(code).toBe(1);
      expect(stderr).toContain('is not ignored by git');
      expect(az.objects()).not.toHaveProperty('secrets');
    });

    function values(): Record<string, unknown> {
      const settings: unknown = JSON.parse(
        readFileSync(join(folder, 'local.settings.json'), 'utf8'),
      );
      if (!isObject(settings) || !isObject(settings['Values'])) throw new Error('no Values');
      return settings['Values'];
    }
  });
});

/** The template function `guid` (https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions-string#guid). */
function armGuid(...parts: readonly string[]): string {
  const namespace = Buffer.from('11fb06fb712d4ddd98c7e71bbd588830', 'hex');
  const hash = createHash('sha1')
    .update(namespace)
    .update(parts.join('-'))
    .digest()
    .subarray(0, 16);
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
