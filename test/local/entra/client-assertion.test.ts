import { createPrivateKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { exportJWK, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';
import { seedUsers } from '../../../local/entra/registrations';
import { createThrowawayCertificate } from '../../support/throwaway-certificate';
import { client, type StandIns, startStandIns, tenantId } from '../start-stand-ins';
import {
  answerOf,
  askForTokens,
  createAttempt,
  createPlainBrowser,
  pick,
  redemption,
} from './entra-client';

const plain = seedUsers(tenantId)[1]?.objectId ?? '';
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const certificate = createThrowawayCertificate();
const stranger = createThrowawayCertificate();
const identity = generateKeyPairSync('rsa', { modulusLength: 2048 });
const federated = {
  issuer: 'https://login.example/tenant/v2.0',
  subject: 'b0b0b0b0-0000-4000-8000-000000000001',
  audience: 'api://AzureADTokenExchange',
};

let standIns: StandIns;
let tokenEndpoint: string;

beforeAll(async () => {
  const keys = [{ ...(await exportJWK(identity.publicKey)), kid: 'identity', alg: 'RS256' }];
  standIns = await startStandIns({
    client: {
      ...client,
      certificates: [certificate.certificatePem],
      federatedCredentials: [{ ...federated, keys }],
    },
  });
  tokenEndpoint = `${standIns.entra.url}/${tenantId}/oauth2/v2.0/token`;
});
afterAll(() => standIns.stop());

const now = () => Math.floor(Date.now() / 1000);

/** As MSAL makes it of a certificate; undefined takes a claim away. */
function certificateAssertion(
  changes: Record<string, unknown> = {},
  { header = {}, pem = certificate.privateKeyPem } = {},
): Promise<string> {
  const claims = {
    ...{ aud: tokenEndpoint, iss: client.id, sub: client.id, jti: randomUUID() },
    ...{ nbf: now(), exp: now() + 600, ...changes },
  };
  const protectedHeader: JWTHeaderParameters = {
    alg: 'PS256',
    'x5t#S256': certificate.thumbprint,
    ...header,
  };
  return sign(claims, protectedHeader, pem);
}

function federatedAssertion(changes: Record<string, unknown> = {}, alg = 'RS256') {
  const { issuer: iss, subject: sub, audience: aud } = federated;
  const claims = { iss, sub, aud, exp: now() + 600, ...changes };
  const pem = identity.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return sign(claims, { alg, kid: 'identity' }, pem);
}

function sign(claims: JWTPayload, header: JWTHeaderParameters, pem: string): Promise<string> {
  return new SignJWT(claims).setProtectedHeader(header).sign(createPrivateKey(pem));
}

/** Redeems a fresh code with the assertion in the place of the secret. */
async function redeem(assertion: string, changes: Readonly<Record<string, string | null>> = {}) {
  const attempt = createAttempt(standIns.entra.url);
  const answer = answerOf(await pick(createPlainBrowser(), attempt.url, plain));
  return askForTokens(standIns.entra.url, {
    ...redemption(answer, attempt),
    client_secret: null,
    client_assertion: assertion,
    client_assertion_type: assertionType,
    ...changes,
  });
}

describe('an assertion signed by a registered certificate', () => {
  it.each(['PS256', 'RS256'])('proves the app, signed with %s', async (alg) => {
    const { status, body } = await redeem(await certificateAssertion({}, { header: { alg } }));
    expect([status, body['token_type']]).toEqual([200, 'Bearer']);
  });

  it('proves the app at a refresh too', async () => {
    const { body } = await redeem(await certificateAssertion());
    const again = await askForTokens(standIns.entra.url, {
      grant_type: 'refresh_token',
      refresh_token: String(body['refresh_token']),
      client_secret: null,
      client_assertion: await certificateAssertion(),
      client_assertion_type: assertionType,
    });
    expect(again.status).toBe(200);
  });

  it.each<[string, () => Promise<string> | string, number]>([
    ['for another audience', () => certificateAssertion({ aud: 'https://other.example' }), 700023],
    ['that is expired', () => certificateAssertion({ exp: now() - 3600 }), 700024],
    ['that begins later', () => certificateAssertion({ nbf: now() + 3600 }), 700024],
    ['without an end', () => certificateAssertion({ exp: undefined }), 700024],
    ['without an id', () => certificateAssertion({ jti: undefined }), 700024],
    ['about somebody else', () => certificateAssertion({ sub: 'other' }), 700021],
    [
      'by a key that is not the certificate’s',
      () => certificateAssertion({}, { pem: stranger.privateKeyPem }),
      700027,
    ],
    [
      'by a certificate that is not registered',
      () =>
        certificateAssertion(
          {},
          { pem: stranger.privateKeyPem, header: { 'x5t#S256': stranger.thumbprint } },
        ),
      700027,
    ],
    [
      'that names no certificate',
      () => certificateAssertion({}, { header: { 'x5t#S256': undefined } }),
      700027,
    ],
    ['that is no JWT', () => 'nonsense', 50027],
  ])('%s is refused', async (_, assertion, number) => {
    const { status, body } = await redeem(await assertion());
    expect(body).toMatchObject({ error: 'invalid_client', error_codes: [number] });
    expect(status).toBe(401);
    expect(body).not.toHaveProperty('access_token');
  });

  it('needs the type that says what it is', async () => {
    const assertion = await certificateAssertion();
    const { body } = await redeem(assertion, { client_assertion_type: 'other' });
    expect(body).toMatchObject({ error_codes: [90014] });
  });

  it('does not prove an app that is not registered', async () => {
    const { body } = await redeem(await certificateAssertion(), { client_id: 'nobody' });
    expect(body).toMatchObject({ error: 'unauthorized_client', error_codes: [700016] });
  });
});

describe('a token of a federated issuer', () => {
  it('proves the app', async () => {
    expect((await redeem(await federatedAssertion())).status).toBe(200);
  });

  it.each<[string, Record<string, unknown>, number]>([
    ['another issuer', { iss: 'https://evil.example' }, 700211],
    ['another subject', { sub: 'another identity' }, 700213],
    ['another audience', { aud: 'https://graph.microsoft.com' }, 700212],
    ['several audiences', { aud: [federated.audience, 'other'] }, 700212],
    ['an end in the past', { exp: now() - 3600 }, 700024],
    ['no end', { exp: undefined }, 700024],
  ])('with %s is refused', async (_, changes, number) => {
    const { status, body } = await redeem(await federatedAssertion(changes));
    expect(status).toBe(401);
    expect(body).toMatchObject({ error: 'invalid_client', error_codes: [number] });
  });

  it('signed by another key or with another algorithm is refused', async () => {
    const { issuer: iss, subject: sub, audience: aud } = federated;
    const foreign = await sign(
      { iss, sub, aud, exp: now() + 600 },
      { alg: 'RS256', kid: 'identity' },
      stranger.privateKeyPem,
    );
    for (const assertion of [foreign, await federatedAssertion({}, 'PS256')]) {
      expect((await redeem(assertion)).body).toMatchObject({ error_codes: [700027] });
    }
  });
});

describe('no proof', () => {
  it('is refused with AADSTS7000218', async () => {
    const { status, body } = await askForTokens(standIns.entra.url, {
      grant_type: 'refresh_token',
      refresh_token: 'x',
      client_secret: null,
    });
    expect(status).toBe(401);
    expect(body).toMatchObject({ error: 'invalid_client', error_codes: [7000218] });
  });
});

describe('an app without a secret', () => {
  it('can prove itself by nothing else than its certificate', async () => {
    const { id, redirectUris, postLogoutRedirectUris } = client;
    const bare = { id, redirectUris, postLogoutRedirectUris };
    const other = await startStandIns({
      client: { ...bare, certificates: [certificate.certificatePem] },
    });
    try {
      const attempt = createAttempt(other.entra.url);
      const answer = answerOf(await pick(createPlainBrowser(), attempt.url, plain));
      const guess = await askForTokens(other.entra.url, {
        ...redemption(answer, attempt),
        client_secret: 'a guess',
      });
      expect(guess.body).toMatchObject({ error_codes: [7000215] });
    } finally {
      await other.stop();
    }
  });
});
