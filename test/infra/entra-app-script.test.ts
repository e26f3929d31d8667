import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tokenExchangeResource } from '../../src/auth/token-resources';
import { armGuid } from './arm-guid';
import type { EntraAppCheckout } from './entra-app-checkout';
import { createEntraAppCheckout, identity, inAzure, uniqueName, url } from './entra-app-checkout';
import { graphPrincipalId, tenantId } from './fake-graph-az';

const grace = '96ace000-0000-4000-8000-00000000a11c';
const alan = 'a1a00000-0000-4000-8000-00000000a11c';
const linus = '11905000-0000-4000-8000-00000000a11c';
const userRead = {
  resourceAppId: '00000003-0000-0000-c000-000000000000',
  resourceAccess: [{ id: 'e1fe6dd8-ba31-4d61-89e7-88639da4683d', type: 'Scope' }],
};

describe('infra/scripts/entra-app.sh', () => {
  let checkout: EntraAppCheckout;

  beforeEach(() => {
    checkout = createEntraAppCheckout();
  });

  afterEach(() => {
    checkout.remove();
  });

  const application = () => checkout.az.tenant().applications[0];

  it('registers what the template registers', () => {
    const { code, stdout, stderr } = checkout.run(...inAzure);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { appId } = application() ?? { appId: 'none' };
    expect(stdout).toContain(`client id     ${appId}\nredirect URI  ${url}/auth/redirect\n`);
    expect(stdout).toContain(
      `Next, for whoever deploys: the same command as before, with\n--parameters deployEntraApp=false --parameters entraClientId=${appId}\n`,
    );
    expect(stdout).not.toMatch(/npm run deploy|entraAuthority|graphBaseUrl/);
    expect(application()).toEqual({
      id: expect.any(String) as string,
      appId,
      uniqueName,
      displayName: 'Anteroom',
      signInAudience: 'AzureADMyOrg',
      appRoles: [
        {
          id: armGuid(uniqueName, 'admin'),
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
      requiredResourceAccess: [userRead],
      web: {
        homePageUrl: url,
        implicitGrantSettings: { enableAccessTokenIssuance: false, enableIdTokenIssuance: false },
        logoutUrl: `${url}/auth/front-channel-logout`,
        redirectUris: [`${url}/auth/redirect`, `${url}/auth/signed-out`],
      },
      passwordCredentials: [],
      federatedIdentityCredentials: [
        {
          name: 'appIdentity',
          description: 'The managed identity of the app.',
          audiences: ['api://AzureADTokenExchange'],
          issuer: `https://login.microsoftonline.com/${tenantId}/v2.0`,
          subject: identity,
        },
      ],
    });
    expect(checkout.az.tenant().servicePrincipals).toContainEqual({
      id: expect.any(String) as string,
      appId,
      appRoleAssignmentRequired: false,
    });
  });

  it('registers the app roles of the functions of a team, under the ids that the template gives them', () => {
    const list = join(checkout.folder, 'infra/app-roles.json');
    writeFileSync(list, '[{ "value": "reader", "displayName": "Reader" }]');
    expect(checkout.run(...inAzure).stderr).toBe('');
    expect(application()?.['appRoles']).toContainEqual({
      id: armGuid(uniqueName, 'reader'),
      value: 'reader',
      displayName: 'Reader',
      description: 'reader',
      allowedMemberTypes: ['User'],
      isEnabled: true,
    });
    const before = checkout.az.writes();
    expect(checkout.run(...inAzure).stdout).toContain('Registration: already as wanted');
    expect(checkout.az.writes()).toEqual(before);
    writeFileSync(list, '{}');
    const { code, stderr } = checkout.run(...inAzure);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('infra/app-roles.json is not a list of app roles') as string,
    });
  });

  it('opens the console to somebody, again and again, and changes nothing else', () => {
    checkout.run(...inAzure);
    const { appId = '' } = application() ?? {};
    const before = JSON.stringify(application());
    const first = checkout.run('--app-id', appId, '--admin', grace);
    expect({ code: first.code, stderr: first.stderr }).toEqual({ code: 0, stderr: '' });
    expect(first.stdout).toContain(`App role admin: given to ${grace}\n`);
    const again = checkout.run('--app-id', appId, '--admin', grace, '--admin', alan);
    expect(again.stdout).toContain(`App role admin: ${grace} has it already\n`);
    expect(again.stdout).toContain(`App role admin: given to ${alan}\n`);
    expect(checkout.az.tenant().assignments).toHaveLength(2);
    expect(JSON.stringify(application())).toBe(before);
  });

  it('changes nothing when it is run again, and says so', () => {
    // More than a page of them.
    const args = [
      ...inAzure,
      '--consent',
      ...[grace, alan, linus].flatMap((id) => ['--admin', id]),
    ];
    expect(checkout.run(...args).stderr).toBe('');
    expect(checkout.az.tenant().assignments).toHaveLength(3);
    const before = checkout.az.writes();
    const { code, stdout } = checkout.run(...args);
    expect(code).toBe(0);
    expect(checkout.az.writes()).toEqual(before);
    expect(stdout).toContain('Registration: already as wanted (Anteroom)\n');
    expect(stdout).toContain('Service principal: already as wanted\n');
    expect(stdout).toContain('Federated credential: already as wanted (appIdentity)\n');
    expect(stdout).toContain(`App role admin: ${linus} has it already\n`);
    expect(stdout).toContain('Consent for everybody: given already\n');
  });

  it('follows a changed address, name and identity', () => {
    checkout.run(...inAzure);
    const other = '1de27171-0000-4000-8000-0000000000b2';
    const { stdout } = checkout.run(
      ...['--url', 'https://new.contoso.com/', '--identity', other, ...inAzure.slice(4)],
      ...['--name', 'Front desk', '--assignment-required'],
    );
    expect(application()).toMatchObject({
      displayName: 'Front desk',
      web: {
        homePageUrl: 'https://new.contoso.com',
        logoutUrl: 'https://new.contoso.com/auth/front-channel-logout',
      },
      federatedIdentityCredentials: [{ subject: other }],
    });
    expect(checkout.az.tenant().servicePrincipals).toContainEqual(
      expect.objectContaining({ appRoleAssignmentRequired: true }),
    );
    expect(stdout).toContain('Federated credential: changed to this identity');
    expect(stdout).toContain(
      'changed displayName, web.homePageUrl, web.logoutUrl, web.redirectUris',
    );
  });

  it.each([`"Empfang" & \ 'Ärger' $(id) \`id\` %PATH% {}`, '@name'])(
    'takes the name %s',
    (name) => {
      expect(checkout.run(...inAzure, '--name', name).stderr).toBe('');
      expect(application()?.['displayName']).toBe(name);
    },
  );

  it('opens no app that only people with an assignment may use', () => {
    checkout.run(...inAzure, '--assignment-required');
    const { stdout } = checkout.run(...inAzure);
    expect(checkout.az.tenant().servicePrincipals).toContainEqual(
      expect.objectContaining({ appRoleAssignmentRequired: true }),
    );
    expect(stdout).toContain('Kept: only people with an assignment may sign in');
  });

  it('consents for everybody only when told to, and only to what the template consents to', () => {
    checkout.run(...inAzure);
    expect(checkout.az.tenant().grants).toEqual([]);
    checkout.run(...inAzure, '--consent');
    const principal = checkout.az.tenant().servicePrincipals.at(-1);
    expect(checkout.az.tenant().grants).toMatchObject([
      {
        clientId: principal?.['id'],
        consentType: 'AllPrincipals',
        resourceId: graphPrincipalId,
        scope: 'openid profile offline_access User.Read',
      },
    ]);
  });

  it('leaves a wider consent as wide as it is', () => {
    checkout.run(...inAzure, '--consent');
    const [grant] = checkout.az.tenant().grants;
    checkout.az.change({ grants: [{ ...grant, scope: 'Mail.Read openid' }] });
    checkout.run(...inAzure, '--consent');
    expect(checkout.az.tenant().grants).toMatchObject([
      { scope: 'Mail.Read openid profile offline_access User.Read' },
    ]);
  });

  // As `az cloud show` has them: azure-cli-core/azure/cli/core/cloud.py.
  it.each([
    [
      'https://graph.microsoft.us/',
      'https://login.microsoftonline.us',
      'https://login.microsoftonline.us',
      'api://AzureADTokenExchangeUSGov',
    ],
    [
      'https://microsoftgraph.chinacloudapi.cn',
      'https://login.chinacloudapi.cn',
      'https://login.partner.microsoftonline.cn',
      'api://AzureADTokenExchangeChina',
    ],
  ])('takes a cloud of its own for what it is: %s', (graph, login, authority, audience) => {
    checkout.az.change({ graph, authority: login });
    const { stdout, stderr } = checkout.run(...inAzure);
    expect(stderr).toBe('');
    const issuer = `${authority}/${tenantId}/v2.0`;
    expect(application()?.federatedIdentityCredentials).toMatchObject([
      { issuer, audiences: [audience] },
    ]);
    // The app asks its identity for a token of that audience, and for no other.
    expect(tokenExchangeResource(issuer)).toBe(audience);
    expect(stdout).toContain(`--parameters entraAuthority=${issuer}\n`);
    expect(stdout).toContain(`--parameters graphBaseUrl=${graph.replace(/\/$/, '')}/v1.0\n`);
    expect(stdout).not.toContain('ENTRA_ISSUER');
  });

  it('puts no request into arguments', () => {
    checkout.run(...inAzure);
    expect(checkout.az.commands().join('\n')).not.toMatch(/[{"]displayName|redirectUris/);
  });
});
