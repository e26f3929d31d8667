import type { JWTPayload } from 'jose';
import { verifyIdToken } from '../../src/entra/id-token';
import type { RelyingParty, RelyingPartySettings } from '../../src/entra/msal';
import {
  checkOrigin,
  couldIssue,
  endpointOfPolicy,
  endpointOfTenant,
  isAllowedTenant,
} from '../../src/entra/tenants';
import { TenantRefusedError } from '../../src/errors';
import { userKeyOf } from '../../src/sessions/session';
import { finishSignIn } from '../../src/sign-in/finish';
import { acquireAccessToken } from '../../src/tokens/access-token';
import {
  adaClaims,
  createRelyingParty,
  failureOf,
  longEnough,
  objectId,
  ownAttempt,
  tokenBody,
} from '../support/auth-fixture';
import { paths, startTinyProvider, tenantId, type TinyProvider } from '../support/tiny-provider';

const now = 1_800_000_000;
const otherTenant = '99999999-9999-4999-8999-999999999999';
const personal = '9188040d-6c67-4c5b-b112-36a304b66dad';
const microsoft = 'https://login.microsoftonline.com';
const template = `${microsoft}/{tenantid}/v2.0`;
const shared = '/organizations/oauth2/v2.0/token';

let tiny: TinyProvider;

beforeEach(async () => {
  tiny = await startTinyProvider();
});
afterEach(() => tiny.stop());

/** An app at the authority `organizations`, as Entra ID has it: no tenant in the metadata. */
function ofSeveral(allowedTenants: RelyingPartySettings['allowedTenants']): RelyingParty {
  const { origin } = tiny;
  const issuer = `${origin}/{tenantid}/v2.0`;
  const body = {
    issuer,
    authorization_endpoint: `${origin}/organizations/oauth2/v2.0/authorize`,
    token_endpoint: origin + shared,
    jwks_uri: origin + paths.keys,
  };
  tiny.answers.set('/organizations/v2.0/.well-known/openid-configuration', { body });
  const authority = `${origin}/organizations/v2.0`;
  const own = { tenantId: 'organizations', allowedTenants, authority, issuer };
  return createRelyingParty(tiny, () => now, own);
}

const claimsOf = (tid: string, more: Record<string, unknown> = {}): JWTPayload => ({
  ...adaClaims(tiny, now),
  iss: `${tiny.origin}/${tid}/v2.0`,
  tid,
  ...more,
});

const verify = async (parts: RelyingParty, claims: JWTPayload) =>
  verifyIdToken(parts, await tiny.sign(claims), { now, signal: longEnough() });

describe('several tenants', () => {
  it('gives each user the issuer and the user key of their own tenant', async () => {
    const parts = ofSeveral('any');
    const { user } = await verify(parts, claimsOf(tenantId));
    const { user: stranger } = await verify(parts, claimsOf(otherTenant));
    expect(user).toMatchObject({ issuer: `${tiny.origin}/${tenantId}/v2.0`, tenantId });
    expect(stranger.userKey).toBe(userKeyOf(stranger.issuer, objectId, user.subject));
    expect(stranger.userKey).not.toBe(user.userKey);
  });

  it.each<[string, string, Record<string, unknown>]>([
    ['the issuer of another tenant', 'iss', { tid: otherTenant }],
    ['the template itself as issuer', 'iss', { iss: `http://x/{tenantid}/v2.0` }],
    ['no tid', 'tid', { tid: undefined }],
    ['a tid that is no GUID', 'tid', { tid: 'organizations' }],
    ['a tid that leads elsewhere', 'tid', { tid: `${tenantId}/v2.0#` }],
    ['no issuer', 'iss', { iss: undefined }],
  ])('refuses a token with %s', async (_what, check, change) => {
    const failure = await failureOf(verify(ofSeveral('any'), claimsOf(tenantId, change)));
    expect(failure.message).toBe(`ERR_ID_TOKEN: the ID token failed the check of ${check}`);
  });

  it('refuses the key of personal accounts for a tenant, and takes it for them', async () => {
    const parts = ofSeveral('any');
    tiny.keys = [{ ...tiny.key.jwk, issuer: `${tiny.origin}/${personal}/v2.0` }];
    const failure = await failureOf(verify(parts, claimsOf(tenantId)));
    expect(failure.message).toContain('issuer of the key');
    expect((await verify(parts, claimsOf(personal))).user.tenantId).toBe(personal);
  });

  it('takes the key of all tenants for each of them', async () => {
    const parts = ofSeveral('any');
    tiny.keys = [{ ...tiny.key.jwk, issuer: `${tiny.origin}/{tenantid}/v2.0` }];
    expect((await verify(parts, claimsOf(otherTenant))).user.tenantId).toBe(otherTenant);
  });

  it('lets only tenants of the list in, and names the other one to the operator', async () => {
    const parts = ofSeveral(new Set([tenantId]));
    expect((await verify(parts, claimsOf(tenantId))).user.tenantId).toBe(tenantId);
    const failure = await failureOf(verify(parts, claimsOf(otherTenant)));
    expect(failure).toBeInstanceOf(TenantRefusedError);
    expect(failure).toMatchObject({ code: 'ERR_TENANT_NOT_ALLOWED', tenantId: otherTenant });
    expect(failure.note).toContain(otherTenant);
  });

  it('has a sentence of its own for personal accounts', async () => {
    const parts = ofSeveral(new Set([tenantId]));
    const failure = await failureOf(verify(parts, claimsOf(personal)));
    expect(failure.code).toBe('ERR_PERSONAL_ACCOUNT');
    expect((await verify(ofSeveral(new Set([personal])), claimsOf(personal))).user).toBeDefined();
  });

  it('accepts the role of the console only from the tenant of the settings', async () => {
    const roles = ['reader', 'admin'];
    const parts = ofSeveral('any');
    const ours: RelyingParty = {
      ...parts,
      settings: { ...parts.settings, adminTenantId: tenantId },
    };
    const rolesAt = async (tid: string, at = ours) =>
      (await verify(at, claimsOf(tid, { roles }))).user.roles;
    expect(await rolesAt(tenantId)).toEqual(roles);
    expect(await rolesAt(otherTenant)).toEqual(['reader']);
    // Fail closed: nobody said whose administrators count.
    expect(await rolesAt(tenantId, parts)).toEqual(['reader']);
  });

  it('refreshes at the tenant of the session: the shared endpoint gives guests other tokens', async () => {
    const parts = ofSeveral('any');
    const attempt = ownAttempt(now);
    const idToken = await tiny.sign(claimsOf(tenantId, { nonce: attempt.nonce }));
    tiny.answers.set(shared, { body: tokenBody(idToken) });
    const code = { kind: 'code', code: 'c', state: 's', issuer: undefined } as const;
    const { user, tokenCache } = await finishSignIn(parts, attempt, code, {
      now,
      signal: longEnough(),
    });
    const fresh = await tiny.sign(claimsOf(tenantId, { iat: now + 1 }));
    tiny.token = () => ({ body: tokenBody(fresh, { access_token: 'of the tenant' }) });
    const request = { tokenCache, user, scopes: ['User.Read'], forceRefresh: true };
    const acquired = await acquireAccessToken(parts, request, now, longEnough());
    expect(acquired.accessToken).toBe('of the tenant');
    expect(tiny.requests.filter((line) => line.startsWith('POST'))).toEqual([
      `POST ${shared}`,
      `POST ${paths.token}`,
    ]);
  });

  it('refuses a redirect that names another tenant than the token (RFC 9207)', async () => {
    const attempt = ownAttempt(now);
    const idToken = await tiny.sign(claimsOf(tenantId, { nonce: attempt.nonce }));
    const parts = ofSeveral('any');
    tiny.answers.set(shared, { body: tokenBody(idToken) });
    const finish = (issuer: string) =>
      finishSignIn(
        parts,
        attempt,
        { kind: 'code', code: 'c', state: 's', issuer },
        {
          now,
          signal: longEnough(),
        },
      );
    expect((await finish(`${tiny.origin}/${tenantId}/v2.0`)).user.tenantId).toBe(tenantId);
    for (const other of [otherTenant, '{tenantid}', 'organizations']) {
      const failure = await failureOf(finish(`${tiny.origin}/${other}/v2.0`));
      expect(failure.code).toBe('ERR_OTHER_ISSUER');
    }
  });
});

describe('a tenant by its domain name', () => {
  const byDomain = () =>
    createRelyingParty(tiny, () => now, {
      tenantId: 'contoso.onmicrosoft.com',
      issuer: `${tiny.origin}/{tenantid}/v2.0`,
    });

  it('is the tenant whose GUID the metadata states', async () => {
    expect((await verify(byDomain(), claimsOf(tenantId))).user.issuer).toBe(tiny.issuer);
    const stranger = await failureOf(verify(byDomain(), claimsOf(otherTenant)));
    expect(stranger.message).toContain('check of iss');
  });

  it('refuses a tid that the issuer does not name', async () => {
    const failure = await failureOf(
      verify(byDomain(), claimsOf(tenantId, { tid: otherTenant, iss: tiny.issuer })),
    );
    expect(failure.code).toBe('ERR_WRONG_TENANT');
  });
});

describe('checkOrigin', () => {
  const own = `${microsoft}/${tenantId}/v2.0`;
  const sts = `https://sts.windows.net/${tenantId}/`;
  const china = 'https://login.partner.microsoftonline.cn';

  it.each<[string, string, string, string | undefined]>([
    ['one tenant', own, sts, undefined],
    ['several tenants', template, sts, template],
    ['China', `${china}/{tenantid}/v2.0`, `https://sts.chinacloudapi.cn/${tenantId}/`, undefined],
  ])('knows tokens of version 1.0, with %s', (_what, stated, iss, keyIssuer) => {
    const token = { iss, tid: tenantId, keyIssuer, version: '1.0' } as const;
    expect(checkOrigin(stated, token)).toEqual({ issuer: stated.replace('{tenantid}', tenantId) });
    expect(checkOrigin(stated, { ...token, version: '2.0' })).toEqual({ failed: 'iss' });
  });

  it.each<[string, { iss?: unknown; tid?: unknown; keyIssuer?: string }, string]>([
    ['of another tenant', { iss: `https://sts.windows.net/${otherTenant}/` }, 'iss'],
    [
      'that agrees with itself only',
      { iss: `https://sts.windows.net/${otherTenant}/`, tid: otherTenant },
      'iss',
    ],
    ['without tid', { tid: undefined }, 'tid'],
    ['of version 2.0', { iss: own }, 'iss'],
    [
      'signed with the key of others',
      { keyIssuer: `${microsoft}/${personal}/v2.0` },
      'issuer of the key',
    ],
  ])('refuses a token of version 1.0 %s', (_what, change, failed) => {
    const token = { iss: sts, tid: tenantId, keyIssuer: undefined, version: '1.0' } as const;
    expect(checkOrigin(own, { ...token, ...change })).toEqual({ failed });
  });

  it('asks no tid of Azure AD B2C', () => {
    const issuer = `https://contoso.b2clogin.com/${tenantId}/v2.0/`;
    const token = { iss: issuer, tid: undefined, keyIssuer: undefined };
    expect(checkOrigin(issuer, token)).toEqual({ issuer });
  });
});

it.each([
  [template, `${microsoft}/${tenantId}/v2.0`, true],
  [template, template, false],
  [template, `${microsoft}//v2.0`, false],
  [template, `${microsoft}/${tenantId}/v2.0/`, false],
  [template, `https://login.example/${tenantId}/v2.0`, false],
  [`${microsoft}/${tenantId}/v2.0`, `${microsoft}/${tenantId}/v2.0`, true],
  [`${microsoft}/${tenantId}/v2.0`, `${microsoft}/${otherTenant}/v2.0`, false],
])('the issuers of %s: %s is %s', (issuers, issuer, expected) => {
  expect(couldIssue(issuers, issuer)).toBe(expected);
});

it.each([
  [`${microsoft}/common/oauth2/v2.0/token`, tenantId, `${microsoft}/${tenantId}/oauth2/v2.0/token`],
  [`${microsoft}/common/oauth2/v2.0/token`, undefined, `${microsoft}/common/oauth2/v2.0/token`],
  [`${microsoft}/common/oauth2/v2.0/token`, '../x', `${microsoft}/common/oauth2/v2.0/token`],
  [
    `${microsoft}/consumers/oauth2/v2.0/token`,
    tenantId,
    `${microsoft}/consumers/oauth2/v2.0/token`,
  ],
])('the endpoint of %s for the tenant %s is %s', (endpoint, tenant, expected) => {
  expect(endpointOfTenant(endpoint, tenant)).toBe(expected);
});

it('a tenant that is not known is on no list', () => {
  expect(isAllowedTenant({ allowedTenants: new Set([tenantId]) }, undefined)).toBe(false);
  expect(isAllowedTenant({ allowedTenants: new Set([tenantId]) }, tenantId.toUpperCase())).toBe(
    true,
  );
  expect(isAllowedTenant({ allowedTenants: 'any' }, undefined)).toBe(true);
  expect(isAllowedTenant({ allowedTenants: undefined }, undefined)).toBe(true);
});

describe('endpointOfPolicy', () => {
  const b2c = 'https://contoso.b2clogin.com/contoso.onmicrosoft.com';
  const authority = `${b2c}/B2C_1_Sign_In/v2.0`;

  it('names another user flow of the tenant, and keeps the query', () => {
    const endpoint = `${b2c}/b2c_1_sign_in/oauth2/v2.0/authorize?a=1`;
    expect(endpointOfPolicy(endpoint, authority, 'B2C_1_reset')).toBe(
      `${b2c}/B2C_1_reset/oauth2/v2.0/authorize?a=1`,
    );
  });

  it('finds no user flow in an endpoint that names none', () => {
    const endpoint = `${b2c}/oauth2/v2.0/authorize?p=b2c_1_sign_in`;
    expect(() => endpointOfPolicy(endpoint, authority, 'B2C_1_reset')).toThrow(
      'ERR_PROVIDER_MISMATCH',
    );
  });
});
