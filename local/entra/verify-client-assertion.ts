import { X509Certificate } from 'node:crypto';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import type { JWTPayload, JWTVerifyGetKey, ProtectedHeaderParameters } from 'jose';
import type { EntraErrorNumber } from './entra-error';
import type { AppRegistration } from './entra-stand-in-options';

const skewSeconds = 300;

/**
 * Checks an assertion by which an app proves itself instead of a secret: one that it signed with a
 * registered certificate, or a token of an issuer it has registered as a federated credential.
 * @see RFC 7523 section 3, https://learn.microsoft.com/entra/identity-platform/certificate-credentials
 * @param tokenEndpoint what `aud` of a certificate's assertion must be
 * @returns undefined when it proves the app, else the number of the refusal
 */
export async function verifyClientAssertion(
  assertion: string,
  client: AppRegistration,
  tokenEndpoint: string,
): Promise<EntraErrorNumber | undefined> {
  const read = decode(assertion);
  if (read === undefined) return 50027;
  const { claims, header } = read;
  try {
    return claims.iss === client.id
      ? await verifyOwn(assertion, client, tokenEndpoint, claims, header)
      : await verifyFederated(assertion, client, claims);
  } catch (error) {
    if (error instanceof errors.JWTExpired) return 700024;
    if (error instanceof errors.JWTClaimValidationFailed) {
      return error.claim === 'aud' ? 700023 : 700024;
    }
    return 700027;
  }
}

async function verifyOwn(
  assertion: string,
  client: AppRegistration,
  tokenEndpoint: string,
  claims: JWTPayload,
  header: ProtectedHeaderParameters,
): Promise<EntraErrorNumber | undefined> {
  if (claims.sub !== client.id) return 700021;
  const thumbprint = header['x5t#S256'];
  const certificate = (client.certificates ?? [])
    .map((pem) => new X509Certificate(pem))
    .find((each) => thumbprintOf(each) === thumbprint);
  if (certificate === undefined) return 700027;
  await jwtVerify(assertion, certificate.publicKey, {
    algorithms: ['PS256', 'RS256'],
    audience: tokenEndpoint,
    clockTolerance: skewSeconds,
    requiredClaims: ['exp', 'nbf', 'jti'],
  });
  return undefined;
}

/** Issuer, subject and audience are compared first, since they say what to mend. */
async function verifyFederated(
  assertion: string,
  client: AppRegistration,
  claims: JWTPayload,
): Promise<EntraErrorNumber | undefined> {
  const ofIssuer = (client.federatedCredentials ?? []).filter(
    ({ issuer }) => issuer === claims.iss,
  );
  if (ofIssuer.length === 0) return 700211;
  const ofSubject = ofIssuer.filter(({ subject }) => subject === claims.sub);
  if (ofSubject.length === 0) return 700213;
  const found = ofSubject.find(({ audience }) => audience === claims.aud);
  if (found === undefined) return 700212;
  const keys: JWTVerifyGetKey = createLocalJWKSet({ keys: [...found.keys] });
  await jwtVerify(assertion, keys, {
    algorithms: ['RS256'],
    clockTolerance: skewSeconds,
    requiredClaims: ['exp'],
  });
  return undefined;
}

function decode(assertion: string) {
  try {
    return { claims: decodeJwt(assertion), header: decodeProtectedHeader(assertion) };
  } catch {
    return undefined;
  }
}

function thumbprintOf(certificate: X509Certificate): string {
  return Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
}
