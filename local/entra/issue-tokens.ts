import { spend } from '../loopback/control';
import { clientInfoUid, shapeIdToken, type EntraShape } from './entra-shape';
import { answeredScope } from './resources';
import type { SeededUser } from './seeded-user';
import { signToken } from './sign-token';
import type { SigningKeys } from './signing-keys';
import {
  accessTokenClaims,
  idTokenClaims,
  type ClaimsIssuer,
  type TokenGrant,
} from './token-claims';

export interface TokenIssuer extends ClaimsIssuer {
  readonly keys: SigningKeys;
}

/** Longer-lived tokens (continuous access evaluation) bring `refresh_in`, half of their life. */
const longLifeSeconds = 2 * 60 * 60;

/** The token endpoint's answer, as the provider of this shape gives it. `client_info` is for MSAL. */
export async function issueTokens(
  issuer: TokenIssuer,
  grant: TokenGrant,
): Promise<Record<string, unknown>> {
  const seconds = issuer.faults.accessTokenSeconds.value;
  const { user, asked, client, refreshToken, now } = grant;
  const hasIdToken = asked.scopes.includes('openid');
  const isB2c = issuer.shape === 'b2c';
  return {
    token_type: 'Bearer',
    scope: isB2c
      ? [...asked.scopes].reverse().join(' ')
      : answeredScope(issuer.faults.scopeForm.value, asked, grant.agreed),
    expires_in: seconds,
    ...(isB2c ? { not_before: now, expires_on: now + seconds } : { ext_expires_in: seconds }),
    ...(seconds > longLifeSeconds ? { refresh_in: Math.floor(seconds / 2) } : {}),
    // Azure AD B2C gives an access token only when one of its APIs was asked for.
    ...(isB2c && asked.resources.length === 0
      ? {}
      : { access_token: await signAccessToken(issuer, grant) }),
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    ...(hasIdToken ? { id_token: await issueIdToken(issuer, grant) } : {}),
    client_info: clientInfoOf(issuer.shape, user),
    ...(isB2c ? { resource: client.id } : {}),
  };
}

/** `uid.utid` is MSAL's home account id. */
export function clientInfoOf(shape: EntraShape, user: SeededUser): string {
  const facts = { uid: clientInfoUid(shape, user), utid: user.tenantId };
  return Buffer.from(JSON.stringify(facts)).toString('base64url');
}

function signAccessToken(issuer: TokenIssuer, grant: TokenGrant): Promise<string> {
  const { keys } = issuer;
  return signToken(accessTokenClaims(issuer, grant), 'rs256', {
    ...{ keys, key: keys.current(), clientSecret: grant.client.secret },
  });
}

async function issueIdToken(issuer: TokenIssuer, grant: TokenGrant): Promise<string> {
  const { faults, keys } = issuer;
  const key = faults.appKeys.value ? await keys.ofApp() : keys.current();
  const parts = { keys, key, clientSecret: grant.client.secret };
  const claims = shapeIdToken(issuer.shape, idTokenClaims(issuer, grant), grant.user);
  if (!spend(faults.idTokenTimes)) return signToken(claims, 'rs256', parts);
  const changed = Object.entries({ ...claims, ...faults.idTokenClaims.value });
  const kept = Object.fromEntries(changed.filter(([, value]) => value !== null));
  return signToken(kept, faults.idTokenSigning.value, parts);
}
