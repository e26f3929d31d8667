import { createHash, randomBytes } from 'node:crypto';
import {
  ConfidentialClientApplication,
  InteractionRequiredAuthError,
  ProtocolMode,
  ServerError,
} from '@azure/msal-node';
import { decodeJwt } from 'jose';
import { seedUsers } from '../../../local/entra/registrations';
import {
  act,
  client,
  control,
  redirectUri,
  type StandIns,
  startStandIns,
  tenantId,
} from '../start-stand-ins';
import { answerOf, createPlainBrowser, pick } from './entra-client';

const [admin] = seedUsers(tenantId).map(({ objectId }) => objectId) as [string];
const scopes = ['User.Read'];

let standIns: StandIns;

beforeAll(async () => {
  standIns = await startStandIns();
});
afterAll(() => standIns.stop());
beforeEach(() => act(standIns.entra.url, 'reset'));

/** MSAL refuses an http authority, but takes http endpoints from metadata it is given. */
async function createMsal(protocolMode: 'OIDC' | 'AAD'): Promise<ConfidentialClientApplication> {
  const { authority } = standIns.entra;
  const metadata = await fetch(`${authority}/.well-known/openid-configuration`);
  return new ConfidentialClientApplication({
    auth: {
      clientId: client.id,
      clientSecret: client.secret,
      authority: authority.replace(/^http:/, 'https:'),
      knownAuthorities: [new URL(authority).host],
      authorityMetadata: await metadata.text(),
      clientCapabilities: ['cp1'],
    },
    system: { protocolMode: ProtocolMode[protocolMode] },
  });
}

async function signInWith(msal: ConfidentialClientApplication, nonce: string) {
  const codeVerifier = randomBytes(32).toString('base64url');
  const url = await msal.getAuthCodeUrl({
    scopes,
    redirectUri,
    state: 'the-state',
    nonce: 'the-nonce',
    codeChallenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    codeChallengeMethod: 'S256',
    responseMode: 'query',
  });
  const code = answerOf(await pick(createPlainBrowser(), url, admin)).get('code') ?? '';
  return msal.acquireTokenByCode({ scopes, redirectUri, code, codeVerifier, nonce });
}

describe.each(['OIDC', 'AAD'] as const)('MSAL Node in protocol mode %s', (protocolMode) => {
  it('signs in by code, and has a token that the Graph stand-in takes', async () => {
    const {
      account,
      accessToken,
      scopes: granted,
    } = await signInWith(await createMsal(protocolMode), 'the-nonce');
    expect(account).toMatchObject({
      homeAccountId: `${admin}.${tenantId}`,
      tenantId,
      username: 'ines@anteroom.example',
    });
    expect(granted).toContain('User.Read');
    expect(decodeJwt(accessToken)['xms_cc']).toEqual(['CP1']);
    const headers = { Authorization: `Bearer ${accessToken}` };
    const me = await fetch(`${standIns.graph.baseUrl}/me`, { headers });
    expect(await me.json()).toMatchObject({ displayName: 'Ines Okafor' });
  });

  it('refuses an ID token with another nonce', async () => {
    const msal = await createMsal(protocolMode);
    await expect(signInWith(msal, 'another')).rejects.toMatchObject({
      errorCode: 'nonce_mismatch',
    });
  });

  it('goes on with a serialized cache: silently, and by a forced refresh', async () => {
    const first = await createMsal(protocolMode);
    const { idToken } = await signInWith(first, 'the-nonce');
    const second = await createMsal(protocolMode);
    second.getTokenCache().deserialize(first.getTokenCache().serialize());
    const [account] = await second.getTokenCache().getAllAccounts();
    if (account === undefined) throw new Error('the account is lost');
    const cached = await second.acquireTokenSilent({ account, scopes });
    expect([cached.fromCache, cached.idToken]).toEqual([true, idToken]);
    const fresh = await second.acquireTokenSilent({ account, scopes, forceRefresh: true });
    expect(fresh.fromCache).toBe(false);
    expect(fresh.idToken).not.toBe(idToken);

    await control(standIns.entra.url, { users: { [admin]: { disabled: true } } });
    const forced = { account, scopes, forceRefresh: true };
    const refused: unknown = await second.acquireTokenSilent(forced).catch((e: unknown) => e);
    expect(refused).toBeInstanceOf(ServerError);
    expect(refused).not.toBeInstanceOf(InteractionRequiredAuthError);
    expect(refused).toMatchObject({ errorCode: 'invalid_grant', errorNo: 50057 });

    await control(standIns.entra.url, { tokenError: 50076, tokenErrorClaims: '{"x":1}' });
    const challenged: unknown = await second.acquireTokenSilent(forced).catch((e: unknown) => e);
    expect(challenged).toBeInstanceOf(InteractionRequiredAuthError);
    expect(challenged).toMatchObject({ errorNo: 50076, claims: '{"x":1}' });
  });
});
