import { decodeJwt } from 'jose';
import type { EntraShape } from '../../../local/entra/shape';
import { seedUsers } from '../../../local/entra/users';
import { client, type StandIns, startStandIns, tenantId } from '../start-stand-ins';
import {
  answerOf,
  createAttempt,
  createPlainBrowser,
  pick,
  redemption,
  textOf,
} from './entra-client';

const admin = seedUsers(tenantId)[0]?.objectId ?? '';
const people = {
  uri: 'https://anteroom.onmicrosoft.example/people',
  clientId: '0b2b7c1e-6d0e-4e5e-8a77-91c6f6f7a0ab',
  tokenVersion: 2,
} as const;

interface Metadata {
  readonly issuer: string;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
}

async function signInTo({ entra }: StandIns, api: string) {
  const answered = await fetch(`${entra.authority}/.well-known/openid-configuration`);
  const metadata = (await answered.json()) as Metadata;
  const scope = `openid profile offline_access ${api}`.trim();
  const attempt = createAttempt(entra.url, { client_info: '1', scope });
  const url = metadata.authorization_endpoint + new URL(attempt.url).search;
  // Nobody is asked for consent: the account has agreed already, and Azure AD B2C never asks.
  const answer = answerOf(await pick(createPlainBrowser(), url, admin));
  const response = await fetch(metadata.token_endpoint, {
    method: 'POST',
    body: new URLSearchParams({
      ...redemption(answer, attempt),
      client_id: client.id,
      client_secret: client.secret,
    }),
  });
  const tokens = (await response.json()) as Record<string, unknown>;
  const info: unknown = JSON.parse(
    Buffer.from(textOf(tokens, 'client_info'), 'base64url').toString(),
  );
  return { metadata, info, claims: decodeJwt(textOf(tokens, 'id_token')), tokens };
}

describe.each<[EntraShape, string, string]>([
  ['entra', `/${tenantId}/v2.0`, 'the authority'],
  ['external-id', `/${tenantId}/v2.0`, `https://${tenantId}.ciamlogin.example/${tenantId}/v2.0`],
  ['b2c', `/${tenantId}/b2c_1_sign_in/v2.0`, `https://anteroom.b2clogin.example/${tenantId}/v2.0/`],
])('the shape %s', (shape, path, issuer) => {
  let standIns: StandIns;

  beforeAll(async () => {
    standIns = await startStandIns({
      shape,
      apis: [people],
      ...(shape === 'b2c' && { graphAudience: people.clientId }),
    });
  });
  afterAll(() => standIns.stop());

  const api = shape === 'b2c' ? `${people.uri}/User.Read` : 'User.Read';

  it('has its authority and issuer, in metadata and tokens alike', async () => {
    const { authority, url } = standIns.entra;
    expect(authority).toBe(url + path);
    const expected = issuer === 'the authority' ? authority : issuer;
    expect(standIns.entra.issuer).toBe(expected);
    const { metadata, claims } = await signInTo(standIns, api);
    expect([metadata.issuer, claims.iss]).toEqual([expected, expected]);
  });

  it('sends the claims of its provider', async () => {
    const { claims, info } = await signInTo(standIns, api);
    expect(claims).toMatchObject({ oid: admin, name: 'Ines Okafor', nonce: 'the-nonce' });
    const others = ['tid', 'preferred_username', 'sid', 'login_hint', 'roles'];
    const present = others.filter((name) => name in claims);
    expect(present).toEqual(shape === 'b2c' ? [] : others);
    expect(claims['ver']).toBe(shape === 'b2c' ? '1.0' : '2.0');
    expect(claims['emails']).toEqual(shape === 'b2c' ? ['ines@anteroom.example'] : undefined);
    const uid = shape === 'b2c' ? `${admin}-b2c_1_sign_in` : admin;
    expect(info).toEqual({ uid, utid: tenantId });
  });

  it('gives access tokens that the API it was asked for takes', async () => {
    const { tokens } = await signInTo(standIns, api);
    const headers = { Authorization: `Bearer ${textOf(tokens, 'access_token')}` };
    expect((await fetch(`${standIns.graph.baseUrl}/me`, { headers })).status).toBe(200);
  });
});

describe('Azure AD B2C', () => {
  let standIns: StandIns;

  beforeAll(async () => {
    standIns = await startStandIns({ shape: 'b2c', apis: [people] });
  });
  afterAll(() => standIns.stop());

  it.each(['User.Read', 'https://graph.microsoft.com/User.Read'])(
    'gives no token for Microsoft Graph: %s is refused at once',
    async (scope) => {
      const { search } = new URL(
        createAttempt(standIns.entra.url, { scope: `openid ${scope}` }).url,
      );
      const authority = standIns.entra.authority.replace(/\/v2\.0$/, '');
      const url = `${authority}/oauth2/v2.0/authorize${search}`;
      const answer = answerOf(await createPlainBrowser().get(url));
      expect(answer.get('error')).toBe('invalid_request');
      expect(answer.get('error_description')).toMatch(/^AADB2C90117: /);
    },
  );

  it('gives no access token where no API is asked for', async () => {
    const { tokens } = await signInTo(standIns, '');
    expect(tokens).toHaveProperty('id_token');
    expect(tokens).not.toHaveProperty('access_token');
  });

  it('gives an access token for the API, by its client id', async () => {
    const { tokens } = await signInTo(standIns, `${people.uri}/People.Read`);
    expect(decodeJwt(textOf(tokens, 'access_token'))).toMatchObject({
      ...{ aud: people.clientId, scp: 'People.Read', iss: standIns.entra.issuer, ver: '1.0' },
    });
  });
});
