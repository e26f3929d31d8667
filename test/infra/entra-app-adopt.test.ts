import {
  createEntraAppCheckout,
  type EntraAppCheckout,
  identity,
  inAzure,
  uniqueName,
  url,
} from './entra-app-checkout';
import { type Application, tenantId } from './fake-graph-az';

const appId = 'c11e0000-0000-4000-8000-0000000a99a9';
const roleId = '401e0000-0000-4000-8000-0000000a99a9';
const userRead = { id: 'e1fe6dd8-ba31-4d61-89e7-88639da4683d', type: 'Scope' };
const adopting = [...inAzure, '--app-id', appId];

/** As somebody made it at the portal, with things of their own. */
const byHand: Application = {
  id: '0b7ec700-0000-4000-8000-0000000a99a9',
  appId,
  displayName: 'Our front desk',
  signInAudience: 'AzureADMultipleOrgs',
  appRoles: [
    {
      id: roleId,
      value: 'auditor',
      displayName: 'Auditor',
      description: 'Reads.',
      allowedMemberTypes: ['User'],
      isEnabled: true,
    },
  ],
  optionalClaims: {
    idToken: [
      { name: 'sid', essential: true },
      { name: 'email', essential: false },
    ],
    accessToken: [{ name: 'ipaddr', essential: false }],
  },
  requiredResourceAccess: [
    {
      resourceAppId: '00000003-0000-0000-c000-000000000000',
      resourceAccess: [{ id: 'a154be20-db9c-4678-8ab7-66f6cc099a59', type: 'Scope' }],
    },
    {
      resourceAppId: '5a11e000-0000-4000-8000-00000000a11c',
      resourceAccess: [{ id: 'a11ce000-0000-4000-8000-00000000a11c', type: 'Scope' }],
    },
  ],
  web: {
    homePageUrl: null,
    redirectUris: ['https://old.contoso.com/callback', `${url}/auth/signed-out`],
    implicitGrantSettings: { enableAccessTokenIssuance: true, enableIdTokenIssuance: false },
  },
  passwordCredentials: [],
  federatedIdentityCredentials: [],
};

describe('a registration that others use too', () => {
  let checkout: EntraAppCheckout;

  beforeEach(() => {
    checkout = createEntraAppCheckout();
    checkout.az.change({ applications: [byHand] });
  });

  afterEach(() => {
    checkout.remove();
  });

  const application = () => checkout.az.tenant().applications[0];

  it('is found by its id, named for the template and keeps what others put there', () => {
    const { code, stdout, stderr } = checkout.run(...adopting);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(checkout.az.tenant().applications).toHaveLength(1);

    expect(application()).toMatchObject({
      uniqueName,
      displayName: 'Our front desk',
      signInAudience: 'AzureADMyOrg',
      appRoles: [{ id: roleId, value: 'auditor' }, { value: 'admin' }],
      optionalClaims: {
        accessToken: [{ name: 'ipaddr', essential: false }],
        idToken: [
          { name: 'sid', essential: true },
          { name: 'email', essential: false },
          { name: 'login_hint', essential: false },
        ],
      },
      requiredResourceAccess: [
        { resourceAccess: [{ id: 'a154be20-db9c-4678-8ab7-66f6cc099a59' }, userRead] },
        { resourceAppId: '5a11e000-0000-4000-8000-00000000a11c' },
      ],
      web: {
        redirectUris: [
          'https://old.contoso.com/callback',
          `${url}/auth/signed-out`,
          `${url}/auth/redirect`,
        ],
        implicitGrantSettings: { enableAccessTokenIssuance: false, enableIdTokenIssuance: false },
      },
    });
    expect(stdout).toContain(
      `Kept redirect URIs that are not of this app: https://old.contoso.com/callback\n` +
        `  To drop them: az ad app update --id ${appId} --web-redirect-uris ${url}/auth/signed-out ${url}/auth/redirect\n`,
    );
  });

  it('is told what is set otherwise than somebody had it, with what it was', () => {
    const web = { ...(byHand['web'] as object), logoutUrl: 'https://old.contoso.com/out' };
    checkout.az.change({ applications: [{ ...byHand, web }] });
    expect(checkout.run(...adopting).stdout).toContain(
      [
        '  Not kept: sign-in audience, which was AzureADMultipleOrgs and is now AzureADMyOrg',
        '  Not kept: implicit grant, which was on and is now off',
        `  Not kept: logout URL, which was https://old.contoso.com/out and is now ${url}/auth/front-channel-logout`,
        `  Not kept: home page, which was not set and is now ${url}\n`,
      ].join('\n'),
    );
    expect(checkout.run(...adopting).stdout).not.toContain('Not kept');
    expect(checkout.run('--help').stdout).toContain('logout URL and home page are set as Anteroom');
  });

  it('is left alone by a second run, by id or by name', () => {
    checkout.run(...adopting);
    const before = checkout.az.writes();
    expect(checkout.run(...adopting).stdout).toContain('already as wanted (Our front desk)');
    expect(checkout.run(...inAzure).stdout).toContain('already as wanted (Our front desk)');
    expect(checkout.az.writes()).toEqual(before);
  });

  it('keeps the id of a role admin that is there, and those who have it', () => {
    const role = { ...(byHand['appRoles'] as object[])[0], value: 'admin' };
    checkout.az.change({ applications: [{ ...byHand, appRoles: [role] }] });
    const grace = '96ace000-0000-4000-8000-00000000a11c';
    expect(checkout.run(...adopting, '--admin', grace).stderr).toBe('');
    expect(application()?.['appRoles']).toEqual([role]);
    expect(checkout.az.tenant().assignments).toMatchObject([
      { principalId: grace, appRoleId: roleId },
    ]);
  });

  it('gets no second credential for the same identity', () => {
    const issuer = `https://login.microsoftonline.com/${tenantId}/v2.0`;
    const audiences = ['api://AzureADTokenExchange'];
    const own = [{ name: 'ours', issuer, subject: identity, audiences }];
    checkout.az.change({ applications: [{ ...byHand, federatedIdentityCredentials: own }] });
    const { stdout, stderr } = checkout.run(...adopting);
    expect(stderr).toBe('');
    expect(stdout).toContain('Federated credential: already as wanted (ours)');
    expect(application()?.federatedIdentityCredentials).toEqual(own);
  });

  it('needs no unique name where it has one', () => {
    checkout.az.change({ applications: [{ ...byHand, uniqueName: 'their-name' }] });
    const { code, stderr } = checkout.run(...inAzure.slice(0, 4), '--app-id', appId);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(application()?.['uniqueName']).toBe('their-name');
  });

  it('is refused under another unique name than its own, before anything is changed', () => {
    checkout.az.change({ applications: [{ ...byHand, uniqueName: 'their-name' }] });
    const { code, stderr } = checkout.run(...adopting);
    expect(code).toBe(1);
    expect(stderr).toContain('has the unique name their-name, which can never be changed');
    expect(checkout.az.writes()).toEqual([]);
  });

  it('is refused without any unique name', () => {
    const { code, stderr } = checkout.run(...inAzure.slice(0, 4), '--app-id', appId);
    expect(code).toBe(1);
    expect(stderr).toContain('has no unique name yet: add --unique-name');
    expect(checkout.az.writes()).toEqual([]);
  });

  it('is not made where the id is wrong', () => {
    checkout.az.change({ applications: [] });
    const { code, stderr } = checkout.run(...adopting);
    expect(code).toBe(1);
    expect(stderr).toBe(`entra-app.sh: there is no registration ${appId} in this tenant\n`);
    expect(checkout.az.writes()).toEqual([]);
  });

  it('is pointed out when it asks for application permissions', () => {
    expect(checkout.run(...adopting).stdout).not.toContain('application permissions');
    const access = [{ resourceAppId: appId, resourceAccess: [{ id: roleId, type: 'Role' }] }];
    checkout.az.change({ applications: [{ ...byHand, requiredResourceAccess: access }] });
    expect(checkout.run(...adopting).stdout).toContain('it asks for application permissions');
  });
});
