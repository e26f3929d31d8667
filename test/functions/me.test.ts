import { readFileSync } from 'node:fs';
import { decodeJwt, type JWTPayload } from 'jose';
import { meFunctions } from '../../src/functions/me';
import type { NewSession } from '../../src/sessions/session-store';
import { finishSignIn } from '../../src/sign-in/finish';
import { adaClaims, failureOf, tokenBody } from '../support/auth-fixture';
import {
  browserHeaders,
  type ContextFixture,
  createContextFixture,
} from '../support/context-fixture';
import { stopClockAt } from '../support/fixed-clock';
import { start } from '../support/session-fixture';
import { words } from '../support/test-browser';

let fixture: ContextFixture;

afterEach(() => fixture.stop());

/** MSAL's cache of a session, with an ID token and an access token for Graph. */
async function cacheOf(claims: JWTPayload, seconds = 3600): Promise<string> {
  const secret = await fixture.tiny.sign(claims);
  const access = {
    ...{ secret: 'the-access-token', target: 'User.Read openid profile', cached_at: String(start) },
    expires_on: String(start + seconds),
  };
  return JSON.stringify({ IdToken: { id: { secret } }, AccessToken: { one: access } });
}

const textOf = (body: unknown) =>
  body instanceof Uint8Array ? Buffer.from(body).toString() : String(body);

async function ask(name: 'me' | 'me-photo', accept: string, session: Partial<NewSession> = {}) {
  const tokenCache = await cacheOf(adaClaims(fixture.tiny, start));
  const { cookie } = await fixture.signIn({ tokenCache, ...session });
  const path = name === 'me' ? '/auth/me' : '/auth/me/photo';
  const headers = accept.startsWith('text/html')
    ? { ...browserHeaders, cookie, 'sec-fetch-site': 'same-origin' }
    : { accept, cookie };
  const get = meFunctions.find((one) => one.name === name)?.get;
  const answer = await get?.(fixture.context(path, { headers }));
  const { body, headers: sent } = answer ?? {};
  const jsonBody: unknown = answer?.jsonBody;
  const text = jsonBody === undefined ? textOf(body) : JSON.stringify(jsonBody);
  return {
    text,
    type: new Headers(sent).get('content-type'),
    json: () => JSON.parse(text) as unknown,
  };
}

const graphUser = {
  '@odata.context': 'https://graph.microsoft.com/v1.0/$metadata#users/$entity',
  id: '33333333-3333-4333-8333-333333333333',
  displayName: 'Ada Lovelace',
  businessPhones: ['+44 1'],
};

describe('GET auth/me', () => {
  beforeEach(async () => {
    fixture = await createContextFixture();
    fixture.tiny.answers.set('/me', { body: graphUser });
  });

  it('tells the profile, how long the access token lives, and which claims decided', async () => {
    const { json } = await ask('me', 'application/json');
    const { iss, tid, roles } = adaClaims(fixture.tiny, start);
    expect(json()).toMatchObject({
      id: graphUser.id,
      displayName: 'Ada Lovelace',
      access_token_expires_in: 3600,
      claims: { iss, tid, roles, preferred_username: 'ada@contoso.example' },
    });
  });

  it('answers as the page of the documentation shows', async () => {
    const page = readFileSync('docs/front-end.md', 'utf8');
    const shown: unknown = JSON.parse(/^```json\n([\s\S]*?)^```$/m.exec(page)?.[1] ?? '');
    const answer = (await ask('me', 'application/json')).json();
    const iss = 'https://login.microsoftonline.com/11111111-1111-4111-8111-111111111111/v2.0';
    expect(shown).toMatchObject({ claims: { iss } });
    expect(answer).toMatchObject(
      JSON.parse(JSON.stringify(shown).replace(iss, fixture.tiny.issuer)) as object,
    );
  });

  it('leaves out claims that only the protocol and the provider’s session need', async () => {
    const { text } = await ask('me', 'application/json');
    for (const secret of ['sid-of-ada', 'O.hint-of-ada', 'the-access-token', 'nonce']) {
      expect(text).not.toContain(secret);
    }
  });

  it('counts the life of a token that it has just refreshed', async () => {
    stopClockAt(start);
    const claims = adaClaims(fixture.tiny, start);
    const { json } = await ask('me', 'application/json', await signedInBefore(claims));
    expect(json()).toMatchObject({
      access_token_expires_in: 7200,
      claims: { name: 'Ada Lovelace' },
    });
  });

  it('gives the answer of Graph as it is to those who accept it', async () => {
    const { type, json } = await ask('me', 'application/vnd.graph+json, application/json;q=0.5');
    expect(type).toBe('application/json');
    expect(json()).toEqual(graphUser);
  });

  it('gives no raw answer that is no JSON', async () => {
    fixture.tiny.answers.set('/me', { body: '<html>' });
    const failure = await failureOf(ask('me', 'application/vnd.graph+json'));
    expect(failure.code).toBe('ERR_API_REFUSED');
  });

  it('shows tenant, token and claims on its page', async () => {
    const shown = words((await ask('me', 'text/html')).text);
    expect(shown).toContain('Read from Microsoft Graph, as you');
    expect(shown).toContain('valid for 60 more minutes');
    expect(shown).toContain('Claims of your sign-in');
    expect(shown).toContain(`tid ${String(adaClaims(fixture.tiny, start)['tid'])}`);
    expect(shown).not.toContain('Change your profile');
  });

  it('breaks the long name of a claim after an underscore, not inside a word', async () => {
    expect((await ask('me', 'text/html')).text).toContain('<dt>preferred_<wbr/>username</dt>');
  });
});

/** A session whose access token has expired, with what MSAL needs to refresh it. */
async function signedInBefore(claims: JWTPayload): Promise<Partial<NewSession>> {
  const { services, tiny } = fixture;
  const attempt = { startedAt: start, nonce: 'n'.repeat(43), codeVerifier: 'v'.repeat(43) };
  const idToken = await tiny.sign({ ...claims, nonce: attempt.nonce });
  tiny.token = () => ({ body: tokenBody(idToken, { expires_in: 60 }) });
  const answer = { kind: 'code', code: 'c', state: 's', issuer: undefined } as const;
  const signal = AbortSignal.timeout(60_000);
  const { relyingParty } = services;
  const finished = await finishSignIn(relyingParty, attempt, answer, { now: start, signal });
  const fresh = await tiny.sign(claims);
  tiny.token = () => ({ body: tokenBody(fresh, { expires_in: 7200, access_token: 'two' }) });
  const { user, tokenCache } = finished;
  return { user, tokenCache };
}

describe('without any API', () => {
  beforeEach(async () => {
    fixture = await createContextFixture({ GRAPH_SCOPES: 'none' });
  });

  it('shows the claims alone, and asks nobody', async () => {
    const { json } = await ask('me', 'application/json');
    expect(json()).toMatchObject({ claims: { name: 'Ada Lovelace' } });
    expect(json()).not.toHaveProperty('access_token_expires_in');
    expect(words((await ask('me', 'text/html')).text)).toContain('As the sign-in service says');
    expect(fixture.tiny.requests).toEqual([]);
  });

  it('has neither a photo nor an answer of Graph', async () => {
    expect((await failureOf(ask('me-photo', 'image/*'))).code).toBe('ERR_NOT_FOUND');
    const raw = ask('me', 'application/vnd.graph+json');
    expect((await failureOf(raw)).code).toBe('ERR_NOT_FOUND');
  });

  it('keeps the claims of the newest ID token', async () => {
    const older = await fixture.tiny.sign(adaClaims(fixture.tiny, start - 900));
    const cache = JSON.parse(await cacheOf(adaClaims(fixture.tiny, start))) as {
      IdToken: Record<string, unknown>;
    };
    const both = {
      ...cache,
      IdToken: { a: { secret: older }, ...cache.IdToken, b: { secret: older } },
    };
    const { json } = await ask('me', 'application/json', { tokenCache: JSON.stringify(both) });
    expect(json()).toMatchObject({ claims: { iat: start } });
    expect(decodeJwt(older).iat).toBe(start - 900);
  });
});

describe('tokens that this instance remembers', () => {
  let signedIn: Awaited<ReturnType<ContextFixture['signIn']>>;
  let read: string[];

  async function begin(settings = {}, seconds = 3600): Promise<void> {
    fixture = await createContextFixture(settings);
    fixture.tiny.answers.set('/me', { body: graphUser });
    const tokenCache = await cacheOf(adaClaims(fixture.tiny, start), seconds);
    signedIn = await fixture.signIn({ tokenCache });
    read = [];
    const { table } = fixture.services;
    const readRow = table.read.bind(table);
    jest.spyOn(table, 'read').mockImplementation((address, signal) => {
      read.push(address.rowKey.replace(/:.*/, ''));
      return readRow(address, signal);
    });
    await me();
  }
  async function me(): Promise<unknown> {
    const headers = { accept: 'application/json', cookie: signedIn.cookie };
    const get = meFunctions.find((one) => one.name === 'me')?.get;
    const answer = await get?.(fixture.context('/auth/me', { headers }));
    return answer?.jsonBody;
  }
  const signal = AbortSignal.timeout(600_000);
  const stored = async () => {
    const found = await fixture.services.sessions.readWithTokens(signedIn.ticket, start, signal);
    if (found?.tokens === undefined) throw new Error('the session should be live');
    return { found, tokens: found.tokens };
  };

  it('are read again after five minutes', async () => {
    await begin();
    expect(read).toEqual(['session', 'tokens']);
    fixture.now = start + 299;
    expect(await me()).toMatchObject({ access_token_expires_in: 3301, claims: { iat: start } });
    expect(read).toEqual(['session', 'tokens', 'session']);
    fixture.now = start + 300;
    await me();
    expect(read.slice(3)).toEqual(['session', 'tokens']);
  });

  it('are for nobody whose session was ended by another instance', async () => {
    await begin();
    const { found } = await stored();
    await fixture.services.sessions.end(signedIn.ticket, found.session, signal);
    expect((await failureOf(me())).code).toBe('ERR_SIGNED_OUT');
  });

  it('count no more when another instance has revalidated the session', async () => {
    await begin();
    const { found, tokens } = await stored();
    const tokenCache = await cacheOf(adaClaims(fixture.tiny, start + 1), 7200);
    const again = { ...found.session, verifiedAt: start + 1, tokens: { ...tokens, tokenCache } };
    const changed = { ...again, found, slide: false };
    await fixture.services.sessions.update(signedIn.ticket, changed, start + 1, signal);
    expect(await me()).toMatchObject({ access_token_expires_in: 7200, claims: { iat: start + 1 } });
    read = [];
    await me();
    expect(read).toEqual(['session']);
  });

  it('are read again when none of them lives long enough', async () => {
    await begin({}, 400);
    const { tokens } = await stored();
    const tokenCache = await cacheOf(adaClaims(fixture.tiny, start), 7200);
    const { sessions } = fixture.services;
    await sessions.writeTokens(signedIn.ticket, { ...tokens, tokenCache }, start, signal);
    fixture.now = start + 100;
    expect(await me()).toMatchObject({ access_token_expires_in: 7100 });
  });

  it('are those that a refresh brought', async () => {
    await begin();
    stopClockAt(start);
    signedIn = await fixture.signIn(await signedInBefore(adaClaims(fixture.tiny, start)));
    await me();
    read = [];
    expect(await me()).toMatchObject({ access_token_expires_in: 7200 });
    expect(read).toEqual(['session']);
  });

  it('are claims alone without any API', async () => {
    await begin({ GRAPH_SCOPES: 'none' });
    expect(await me()).toMatchObject({ claims: { name: 'Ada Lovelace' } });
    expect(read).toEqual(['session', 'tokens', 'session']);
  });
});
