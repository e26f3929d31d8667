import { decodeJwt } from 'jose';
import { seedUsers } from '../../../local/entra/registrations';
import { client, type StandIns, startStandIns, tenantId } from '../start-stand-ins';
import {
  answerOf,
  askForTokens,
  createAttempt,
  createPlainBrowser,
  locationOf,
  pick,
  redemption,
  textOf,
} from './entra-client';

const plain = seedUsers(tenantId)[1]?.objectId ?? '';
const other = {
  id: '0b2b7c1e-6d0e-4e5e-8a77-91c6f6f7a003',
  secret: 'the-secret-of-the-other-app-registration',
  redirectUris: ['http://localhost:7090/signin-oidc'],
  optionalClaims: ['sid' as const],
  postLogoutRedirectUris: ['http://localhost:7090/signed-out'],
  frontChannelLogoutUri: 'http://localhost:7090/front-channel?tenant=a',
};
const third = { ...other, id: '0b2b7c1e-6d0e-4e5e-8a77-91c6f6f7a004' };

let standIns: StandIns;
let origin: string;

beforeAll(async () => {
  const frontChannelLogoutUri = 'http://localhost:7071/auth/front-channel-logout';
  standIns = await startStandIns({
    client: { ...client, frontChannelLogoutUri },
    otherClients: [other, third],
  });
  origin = standIns.entra.url;
});
afterAll(() => standIns.stop());

const ofOther = { client_id: other.id, redirect_uri: other.redirectUris[0] ?? '' };

describe('several apps', () => {
  it('share a session: who signed in to one is let into the other, as another sub', async () => {
    const browser = createPlainBrowser();
    const first = createAttempt(origin);
    const firstAnswer = answerOf(await pick(browser, first.url, plain));
    const mine = (await askForTokens(origin, redemption(firstAnswer, first))).body;

    const second = createAttempt(origin, ofOther);
    const code = locationOf(await browser.get(second.url)).searchParams.get('code') ?? '';
    const { status, body } = await askForTokens(origin, {
      ...{ grant_type: 'authorization_code', code, code_verifier: second.codeVerifier },
      ...{ ...ofOther, client_secret: other.secret },
    });
    expect(status).toBe(200);
    const [own, foreign] = [mine, body].map((tokens) => decodeJwt(textOf(tokens, 'id_token')));
    expect(foreign).toMatchObject({ aud: other.id, oid: plain, sid: own?.['sid'] });
    expect(foreign?.sub).not.toBe(own?.sub);
  });

  it('cannot redeem each other’s codes, nor prove themselves by each other’s secrets', async () => {
    const attempt = createAttempt(origin);
    const answer = answerOf(await pick(createPlainBrowser(), attempt.url, plain));
    const stolen = await askForTokens(origin, {
      ...redemption(answer, attempt),
      ...{ client_id: other.id, client_secret: other.secret },
    });
    expect(stolen.body).toMatchObject({ error: 'invalid_grant' });
    const confused = await askForTokens(origin, {
      ...redemption(answer, attempt),
      client_secret: other.secret,
    });
    expect(confused.body).toMatchObject({ error_codes: [7000215] });
  });

  it('cannot be answered at each other’s addresses', async () => {
    const url = createAttempt(origin, { redirect_uri: ofOther.redirect_uri }).url;
    const response = await createPlainBrowser().get(url);
    expect([response.status, response.headers.get('location')]).toEqual([400, null]);
  });

  it('are all told when the person signs out, if they were signed in to, and no others', async () => {
    const browser = createPlainBrowser();
    await pick(browser, createAttempt(origin).url, plain);
    await browser.get(createAttempt(origin, ofOther).url);
    const logout = `${origin}/${tenantId}/oauth2/v2.0/logout?post_logout_redirect_uri=${other.postLogoutRedirectUris[0] ?? ''}`;
    const response = await browser.get(logout);
    const frames = [...(await response.text()).matchAll(/<iframe src="([^"]*)"/g)].map(
      ([, src = '']) => new URL(src.replaceAll('&amp;', '&')),
    );
    expect(frames.map(({ origin: at, pathname }) => at + pathname)).toEqual([
      'http://localhost:7071/auth/front-channel-logout',
      'http://localhost:7090/front-channel',
    ]);
    expect(frames[1]?.searchParams.get('tenant')).toBe('a');
    expect(frames[0]?.searchParams.get('sid')).toBe(frames[1]?.searchParams.get('sid'));
  });
});

describe('domain_hint', () => {
  const shown = async (changes: Record<string, string>) => {
    const browser = createPlainBrowser();
    const picker = locationOf(await browser.get(createAttempt(origin, changes).url));
    const html = await (await browser.get(picker)).text();
    return standIns.entra.users
      .filter(({ objectId }) => html.includes(objectId))
      .map(({ username }) => username);
  };

  it('leads to the accounts of that domain', async () => {
    expect(await shown({ domain_hint: 'Partner.example' })).toEqual(['omar@partner.example']);
  });

  it.each(['organizations', 'nowhere.example'])(
    'that names no domain with accounts says nothing: %s',
    async (hint) => {
      expect(await shown({ domain_hint: hint })).toHaveLength(6);
    },
  );
});
