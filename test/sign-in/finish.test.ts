import { randomBytes } from 'node:crypto';
import type { HttpResponseInit } from '@azure/functions';
import { AppError } from '../../src/errors';
import { loginFunction } from '../../src/functions/login';
import { userKeyOf } from '../../src/sessions/session';
import { openAttempt } from '../../src/sign-in/attempt';
import { findSession } from '../../src/sign-in/guards';
import { failureOf, longEnough, objectId, subject } from '../support/auth-fixture';
import {
  browserHeaders,
  type ContextFixture,
  createContextFixture,
  type TestContext,
} from '../support/context-fixture';
import { start } from '../support/session-fixture';
import {
  answerOf,
  type AttemptOptions,
  beginAttempt,
  type Begun,
  complete,
  grantAda,
  openedBy,
} from '../support/sign-in-fixture';
import { paths, tenantId } from '../support/tiny-provider';

const app = 'http://localhost:7071';
const browser = { headers: { ...browserHeaders, 'sec-fetch-site': 'same-origin' } };

let fixture: ContextFixture;

beforeEach(async () => {
  fixture = await createContextFixture();
});
afterEach(() => fixture.stop());

const begin = (asked?: AttemptOptions, keptRest?: boolean) =>
  beginAttempt(fixture, asked, keptRest);
const answered = (begun: Pick<Begun, 'state'>, cookie: string, answer?: string) =>
  answerOf(fixture, begun, cookie, answer);
const grant = (begun: Pick<Begun, 'nonce'>, more?: Record<string, unknown>) => {
  grantAda(fixture, begun, more);
};

const location = ({ headers }: HttpResponseInit) => new Headers(headers).get('location') ?? '';
const stateOf = (answer: HttpResponseInit) =>
  new URL(location(answer)).searchParams.get('state') ?? '';
const adaKey = () => userKeyOf(fixture.tiny.issuer, objectId, subject);
const names = ({ cookies }: TestContext) => cookies.map(({ name }) => name);

/** The attempt that an answer began. */
async function begunBy(answer: HttpResponseInit) {
  const options = { keyRing: fixture.services.keyRing, now: fixture.now, signal: longEnough() };
  const attempt = await openAttempt(stateOf(answer), [], options);
  if (attempt === undefined) throw new Error('no sign-in was begun');
  return attempt;
}

describe('completeSignIn', () => {
  it('opens a session and goes to the return path, fragment included', async () => {
    const begun = await begin();
    grant(begun);
    const context = answered(begun, begun.cookie);
    const answer = await complete(context);
    expect([answer.status, location(answer)]).toEqual([302, `${app}/reports?a=1#row-17`]);
    expect(names(context)).toEqual(['anteroom-7071']);
    const signedIn = { level: 'info', event: 'sign-in', outcome: 'done' };
    expect(context.told).toMatchObject([{ ...signedIn, by: adaKey().slice(0, 8) }]);
    const form = fixture.tiny.forms.at(-1);
    expect(form?.get('code_verifier')).toBe(begun.codeVerifier);
  });

  it('finds a long page in its cookie', async () => {
    const returnPath = `/reports?q=${randomBytes(1500).toString('base64url')}`;
    const begun = await begin({ returnPath });
    grant(begun);
    expect(location(await complete(answered(begun, begun.cookie)))).toBe(app + returnPath);
  });

  it('signs in and says so when that cookie is gone, rather than go somewhere else', async () => {
    const returnPath = `/reports?q=${randomBytes(1500).toString('base64url')}`;
    const begun = await begin({ returnPath }, false);
    grant(begun);
    const context = answered(begun, begun.cookie);
    expect((await failureOf(complete(context))).code).toBe('ERR_PAGE_LOST');
    expect(names(context)).toEqual(['anteroom-7071']);
    expect(context.visitor.returnPath).toBe('/reports');
  });

  it('takes a step-up back to where it was needed, if the same user answers', async () => {
    const begun = await begin({ asked: { scopes: [], userKey: adaKey() } });
    grant(begun);
    expect(location(await complete(answered(begun, begun.cookie)))).toContain('/reports');
  });

  it('goes to the home page when another user answers a step-up: the page is not theirs', async () => {
    const begun = await begin({ asked: { scopes: [], userKey: adaKey() } });
    grant(begun, { sub: 'grace', oid: '44444444-4444-4444-8444-444444444444' });
    const context = answered(begun, begun.cookie);
    const site = { ...context.services.site, homePath: '/api/hello' };
    const services = { ...context.services, site };
    expect(location(await complete({ ...context, services }))).toBe(`${app}/api/hello`);
    // The browser brings the answer again, now with the cookie of this user.
    const signedIn = context.cookies.map(({ name, value }) => `${name}=${value}`);
    const again = answered(begun, [begun.cookie, ...signedIn].join('; '));
    expect(location(await complete({ ...again, services }))).toBe(`${app}/api/hello`);
    expect(fixture.tiny.forms).toHaveLength(1);
  });

  it.each([
    ['a sign-in', undefined, undefined],
    ['a sign-in with more claims', { scopes: [], claims: '{"id_token":{}}' }, undefined],
    ['a step-up', { scopes: [], userKey: 'x'.repeat(43) }, start],
  ])('remembers of %s whether it was a step-up', async (_name, asked, steppedUpAt) => {
    const begun = await begin({ asked });
    grant(begun);
    const context = answered(begun, begun.cookie);
    await complete(context);
    expect((await openedBy(fixture, context))?.session.steppedUpAt).toBe(steppedUpAt);
  });

  it('remembers what the step-ups of the last minute asked for', async () => {
    const names = ['a'.repeat(22), 'b'.repeat(22)];
    const begun = await begin({ asked: { scopes: [], userKey: 'x'.repeat(43), names } });
    grant(begun);
    const context = answered(begun, begun.cookie);
    await complete(context);
    expect((await openedBy(fixture, context))?.session.stepUps).toEqual(names);
  });
});

describe('completeSignIn, after a step-up', () => {
  const claims = '{"id_token":{"acrs":{"essential":true,"value":"c1"}}}';

  it('keeps in the session what the ID token shows', async () => {
    const begun = await begin({ asked: { scopes: [], claims, maxAgeSeconds: 300 } });
    const facts = { acrs: ['c1', 'c2'], auth_time: start - 20 };
    grant(begun, facts);
    const context = answered(begun, begun.cookie);
    await complete(context);
    const { session } = (await openedBy(fixture, context)) ?? {};
    expect(session).toMatchObject({ acrs: facts.acrs, authTime: facts.auth_time });
  });

  it('explains an ID token that does not show it, and leaves the session as it was', async () => {
    const { cookie, ticket } = await fixture.signIn();
    const begun = await begin({ asked: { scopes: [], claims, userKey: ticket.userKey } });
    grant(begun);
    const context = answered(begun, `${begun.cookie}; ${cookie}`);
    const failure = await failureOf(complete(context));
    expect([failure.code, context.cookies]).toEqual(['ERR_STEP_UP_UNMET', []]);
    expect(context.visitor.returnPath).toBe('/reports?a=1#row-17');
    const { sessions } = fixture.services;
    expect(await sessions.read(ticket, start, longEnough())).toBeDefined();
  });

  it('asks a provider that ignores max_age by prompt=login, once', async () => {
    const asked = { scopes: [], claims, maxAgeSeconds: 300 };
    const begun = await begin({ asked });
    grant(begun, { acrs: ['c1'], auth_time: start - 999 });
    const answer = await complete(answered(begun, begun.cookie));
    const { searchParams } = new URL(location(answer));
    expect([searchParams.get('prompt'), searchParams.get('max_age')]).toEqual(['login', '300']);
    expect(await begunBy(answer)).toMatchObject({ retries: 1, asked });

    const again = await begin({ asked, retries: 1, prompt: 'login' });
    grant(again, { acrs: ['c1'], auth_time: start - 999 });
    const failure = await failureOf(complete(answered(again, again.cookie)));
    expect(failure.code).toBe('ERR_STEP_UP_UNMET');
  });
});

describe('completeSignIn, with the session that this browser had', () => {
  it('ends it, and says so in the audit log', async () => {
    const former = await fixture.signIn();
    const begun = await begin();
    grant(begun);
    const context = answered(begun, `${begun.cookie}; ${former.cookie}`);
    await complete(context);
    const { sessions } = fixture.services;
    expect(await sessions.read(former.ticket, fixture.now, longEnough())).toBeUndefined();
    const by = adaKey().slice(0, 8);
    const of = former.ticket.userKey.slice(0, 8);
    expect(context.told).toMatchObject([
      { event: 'sign-in', by },
      { event: 'session ended', outcome: 'done', by, of, why: 'replace session', count: 1 },
    ]);
  });

  it('is signed in all the same when it cannot be ended', async () => {
    const former = await fixture.signIn();
    const begun = await begin();
    grant(begun);
    const context = answered(begun, `${begun.cookie}; ${former.cookie}`);
    const failing = {
      ...fixture.services.sessions,
      endNamed: () => Promise.reject(new AppError('ERR_STORAGE_UNAVAILABLE')),
    };
    const services = { ...context.services, sessions: failing };
    const answer = await complete({ ...context, services });
    expect(location(answer)).toContain('/reports');
    expect(names(context)).toEqual(['anteroom-7071']);
    const failed = { event: 'session ended', outcome: 'failed', code: 'ERR_STORAGE_UNAVAILABLE' };
    expect(context.told.at(-1)).toMatchObject({ level: 'error', ...failed });
  });
});

describe('completeSignIn, where SESSION_PERSISTENT is', () => {
  it.each<[string, true | undefined, number | undefined]>([
    ['never', true, undefined],
    ['link', undefined, undefined],
    ['link', true, 43_200],
    ['always', undefined, 43_200],
  ])('%s, after keep=%s, sets a cookie for %s seconds', async (persistent, keep, seconds) => {
    await fixture.stop();
    fixture = await createContextFixture({ SESSION_PERSISTENT: persistent });
    const begun = await begin({ keep });
    grant(begun);
    const context = answered(begun, begun.cookie);
    await complete(context);
    expect(context.cookies.map(({ maxAge }) => maxAge)).toEqual([seconds]);
    expect((await openedBy(fixture, context))?.session.isPersistent).toBe(seconds !== undefined);
  });

  it('remembers the wish when the sign-in begins again', async () => {
    const begun = await begin({ keep: true });
    const answer = await complete(answered(begun, ''));
    expect(await begunBy(answer)).toMatchObject({ retries: 1, keep: true });
  });
});

describe('completeSignIn, where SESSION_LIMIT allows two', () => {
  beforeEach(async () => {
    await fixture.stop();
    fixture = await createContextFixture({ SESSION_LIMIT: '2' });
  });

  /** Signs Ada in, in a browser that has `cookie`. */
  const signAdaIn = async (cookie = '') => {
    const begun = await begin();
    grant(begun, { sid: undefined });
    const context = answered(begun, `${begun.cookie}; ${cookie}`);
    await complete(context);
    const { name = '', value = '' } = context.cookies.at(-1) ?? {};
    return { context, cookie: `${name}=${value}` };
  };
  const isLive = async (cookie: string) => {
    const context = fixture.context('/', { headers: { cookie } });
    return (await findSession(context)) !== undefined;
  };

  it('ends the oldest session of the user, and says so in the audit log', async () => {
    const first = await signAdaIn();
    fixture.now += 1;
    const second = await signAdaIn();
    fixture.now += 1;
    const third = await signAdaIn();
    const live = await Promise.all([first, second, third].map(({ cookie }) => isLive(cookie)));
    expect(live).toEqual([false, true, true]);
    const key = adaKey().slice(0, 8);
    const users = { by: key, of: key };
    expect(third.context.told).toMatchObject([
      { event: 'session ended', ...users, why: 'end sessions over the limit', count: 1 },
      { event: 'sign-in', by: key },
    ]);
  });

  it('ends no other browser’s session when one browser signs in again', async () => {
    const other = await signAdaIn();
    fixture.now += 1;
    const former = await signAdaIn();
    fixture.now += 1;
    const again = await signAdaIn(former.cookie);
    const live = await Promise.all([other, former, again].map(({ cookie }) => isLive(cookie)));
    expect(live).toEqual([true, false, true]);
  });

  it('leaves two of many sign-ins at the same moment', async () => {
    const all = await Promise.all(Array.from({ length: 6 }, async () => begin()));
    // They have one nonce each, so the answers come one by one; the sessions of all are open before the first one counts.
    const { findOverLimit, ...sessions } = fixture.services.sessions;
    const opened = Promise.withResolvers<undefined>();
    let waiting = 0;
    const together: typeof findOverLimit = async (...args) => {
      waiting += 1;
      if (waiting === all.length) opened.resolve(undefined);
      await opened.promise;
      return findOverLimit(...args);
    };
    const cookies: string[] = [];
    const done: Promise<unknown>[] = [];
    for (const begun of all) {
      grant(begun, { sid: undefined });
      const context = answered(begun, begun.cookie);
      const services = { ...context.services, sessions: { ...sessions, findOverLimit: together } };
      const before = waiting;
      done.push(
        complete({ ...context, services }).then(() => {
          const { name = '', value = '' } = context.cookies[0] ?? {};
          cookies.push(`${name}=${value}`);
        }),
      );
      while (waiting === before) await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(done);
    const live = await Promise.all(cookies.map(isLive));
    expect(live.filter(Boolean)).toHaveLength(2);
  });

  it('signs nobody in when the sessions over the limit cannot be ended', async () => {
    await signAdaIn();
    fixture.now += 1;
    await signAdaIn();
    fixture.now += 1;
    const begun = await begin();
    grant(begun, { sid: undefined });
    const context = answered(begun, begun.cookie);
    const endMany = () => Promise.reject(new AppError('ERR_STORAGE_UNAVAILABLE'));
    const sessions = { ...fixture.services.sessions, endMany };
    const services = { ...context.services, sessions };
    const failure = await failureOf(complete({ ...context, services }));
    expect([failure.code, context.cookies]).toEqual(['ERR_STORAGE_UNAVAILABLE', []]);
    expect(context.told).toMatchObject([{ event: 'session ended', outcome: 'failed' }]);
  });
});

describe('completeSignIn, with an answer that cannot be used', () => {
  it.each([
    ['in its last second', true, 599],
    ['after ten minutes', false, 600],
    ['after two months', false, 60 * 86_400],
  ])('an answer %s: redeemed is %s', async (_name, isRedeemed, later) => {
    const begun = await begin();
    fixture.now = start + later;
    grant(begun);
    const answer = await complete(answered(begun, begun.cookie));
    expect(fixture.tiny.count(paths.token)).toBe(isRedeemed ? 1 : 0);
    if (isRedeemed) return;
    expect(await begunBy(answer)).toMatchObject({ retries: 1, returnPath: '/reports?a=1#row-17' });
  });

  it.each<[string, AttemptOptions, (mine: string) => string, number, string]>([
    ['another browser, first round', {}, () => '', 0, 'again 1'],
    ['another browser, second round', { retries: 1 }, () => '', 0, 'ERR_SIGN_IN_LOST'],
    ['another browser with a cookie, second round', { retries: 1 }, otherCookie, 0, 'again 2'],
    [
      'another browser with a cookie, third round',
      { retries: 2 },
      otherCookie,
      0,
      'ERR_SIGN_IN_LOST',
    ],
    ['a bookmark of the second round', { retries: 1 }, () => '', 86_400, 'again 1'],
    ['a bookmark of the third round', { retries: 2 }, otherCookie, 86_400, 'again 1'],
    ['this browser, too late, second round', { retries: 1 }, (mine) => mine, 600, 'again 1'],
  ])('%s', async (_name, options, cookieOf, later, expected) => {
    const begun = await begin(options);
    fixture.now = start + later;
    const context = answered(begun, cookieOf(begun.cookie));
    const outcome = await complete(context).then(
      async (answer) => `again ${(await begunBy(answer)).retries}`,
      (error: unknown) => (error instanceof AppError ? error.code : 'another error'),
    );
    expect(outcome).toBe(expected);
    expect(context.visitor.returnPath).toBe('/reports?a=1#row-17');
    expect(fixture.tiny.count(paths.token)).toBe(0);
  });

  it.each<[string, (begun: Begun) => string, string, number]>([
    ['of another browser', otherCookie, 'code=the-code', 0],
    ['of another browser that was refused', otherCookie, 'error=access_denied', 0],
    ['that comes late', ({ cookie }) => cookie, 'code=the-code', 600],
  ])('an answer %s goes on to the page of whoever is signed in', async (...row) => {
    const [, cookieOf, answer, later] = row;
    const begun = await begin({ retries: 1 });
    fixture.now = start + later;
    const { cookie } = await fixture.signIn();
    const context = answered(begun, `${cookieOf(begun)}; ${cookie}`, answer);
    expect(location(await complete(context))).toBe(`${app}/reports?a=1#row-17`);
    expect(fixture.tiny.count(paths.token)).toBe(0);
    expect(context.cookies).toEqual([]);
  });

  it('shows nothing of an error that another browser’s attempt got, and asks nobody again', async () => {
    const begun = await begin();
    const context = answered(begun, otherCookie(), 'error=access_denied');
    expect((await failureOf(complete(context))).code).toBe('ERR_SIGN_IN_UNSOLICITED');
    expect(context.visitor.returnPath).toBe('/reports?a=1#row-17');
  });

  it('asks anew when what was asked for is gone with its cookie', async () => {
    const claims = JSON.stringify({ id_token: { a: randomBytes(1200).toString('base64url') } });
    const spoilt = JSON.stringify({ id_token: { a: { value: claims.slice(20, 1900) } } });
    const begun = await begin({ asked: { scopes: [], claims: spoilt, userKey: adaKey() } }, false);
    const answer = await complete(answered(begun, begun.cookie));
    expect(await begunBy(answer)).toMatchObject({ retries: 1, asked: undefined });
    expect(fixture.tiny.count(paths.token)).toBe(0);
  });

  it.each(['', '&state=abc', `&state=${'A'.repeat(43)}.0`])(
    'is unsolicited with %j',
    async (state) => {
      const context = fixture.context(`/auth/redirect?hop=1&code=c${state}`);
      expect((await failureOf(complete(context))).code).toBe('ERR_SIGN_IN_UNSOLICITED');
    },
  );
});

function otherCookie(): string {
  return `anteroom-7071-sign-in=${randomBytes(32).toString('base64url')}`;
}

describe('completeSignIn, when the provider refuses', () => {
  const spent = { status: 400, body: { error: 'invalid_grant', error_codes: [54005] } };

  it('tries a code that is used up once more, with the same return path', async () => {
    const begun = await begin();
    fixture.tiny.token = () => spent;
    const context = answered(begun, begun.cookie);
    const answer = await complete(context);
    expect(await begunBy(answer)).toMatchObject({ retries: 1, returnPath: '/reports?a=1#row-17' });
    expect(context.told).toMatchObject([{ level: 'warn', number: 'AADSTS54005' }]);
  });

  it('explains it in the second round', async () => {
    const begun = await begin({ retries: 1 });
    fixture.tiny.token = () => spent;
    const context = answered(begun, begun.cookie);
    expect((await failureOf(complete(context))).code).toBe('ERR_SIGN_IN_EXPIRED');
  });

  const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
  const asksForMore = {
    status: 400,
    body: { error: 'invalid_grant', suberror: 'basic_action', error_codes: [50076], claims },
  };

  it('begins again once with the claims that a redemption asks for', async () => {
    const begun = await begin();
    fixture.tiny.token = () => asksForMore;
    const answer = await complete(answered(begun, begun.cookie));
    const asked: unknown = JSON.parse(new URL(location(answer)).searchParams.get('claims') ?? '');
    expect(asked).toMatchObject(JSON.parse(claims) as object);
    expect(await begunBy(answer)).toMatchObject({
      ...{ retries: 1, returnPath: '/reports?a=1#row-17' },
      asked: { scopes: [], claims },
    });
  });

  it('shows nothing after prompt=none when a redemption asks for more', async () => {
    const begun = await begin({ prompt: 'none' });
    fixture.tiny.token = () => asksForMore;
    const answer = await complete(answered(begun, begun.cookie));
    expect(location(answer)).toBe(`${app}/reports?a=1#row-17`);
  });

  it('shows why when the claims did not help', async () => {
    const begun = await begin({ retries: 1, asked: { scopes: [], claims } });
    fixture.tiny.token = () => asksForMore;
    const failure = await failureOf(complete(answered(begun, begun.cookie)));
    expect([failure.code, failure.refusal?.number]).toEqual(['ERR_SIGN_IN_REFUSED', 'AADSTS50076']);
  });

  it('goes on to the page when the first delivery has signed the person in', async () => {
    const begun = await begin({ retries: 1 });
    fixture.tiny.token = () => spent;
    const { cookie, ticket } = await fixture.signIn();
    const answer = await complete(answered(begun, `${begun.cookie}; ${cookie}`));
    expect(location(answer)).toBe(`${app}/reports?a=1#row-17`);
    const { sessions } = fixture.services;
    expect(await sessions.read(ticket, fixture.now, longEnough())).toBeDefined();
  });

  it.each([
    ['login_required', 'none', 'back'],
    ['interaction_required', 'none', 'back'],
    ['consent_required', 'none', 'back'],
    ['account_selection_required', 'none', 'back'],
    ['access_denied', 'none', 'ERR_SIGN_IN_REFUSED'],
    ['login_required', 'login', 'ERR_SIGN_IN_REFUSED'],
    ['login_required', undefined, 'ERR_SIGN_IN_REFUSED'],
  ])('%s after prompt %s: %s', async (error, prompt, expected) => {
    const begun = await begin({ prompt });
    const context = answered(begun, begun.cookie, `error=${error}`);
    if (expected === 'back') {
      expect(location(await complete(context))).toBe(`${app}/reports?a=1#row-17`);
    } else {
      expect((await failureOf(complete(context))).code).toBe(expected);
      expect(context.visitor.returnPath).toBe('/reports?a=1#row-17');
    }
  });

  it('goes back after prompt none also without the cookie of the browser that asked', async () => {
    const begun = await begin({ prompt: 'none' });
    const context = answered(begun, otherCookie(), 'error=login_required');
    expect(location(await complete(context))).toBe(`${app}/reports?a=1#row-17`);
  });

  it('refuses the iss of another provider, and still knows the page', async () => {
    const begun = await begin();
    const iss = encodeURIComponent('https://login.evil.example/v2.0');
    const context = answered(begun, begun.cookie, `code=the-code&iss=${iss}`);
    const failure = await failureOf(complete(context));
    expect([failure.code, failure.status]).toEqual(['ERR_OTHER_ISSUER', 400]);
    expect(context.visitor.returnPath).toBe('/reports?a=1#row-17');
    expect(fixture.tiny.count(paths.token)).toBe(0);
  });
});

describe('completeSignIn, with user flows of Azure AD B2C', () => {
  const policy = 'contoso.onmicrosoft.com/b2c_1_sign_in';
  const refused = (number: string) => `error=access_denied&error_description=${number}%3a+in+words`;

  beforeEach(async () => {
    await fixture.stop();
    fixture = await createContextFixture((origin) => ({
      ENTRA_AUTHORITY: `${origin}/${policy}/v2.0`,
      ENTRA_ISSUER: `${origin}/${tenantId}/v2.0/`,
      B2C_RESET_POLICY: 'B2C_1_reset',
      B2C_EDIT_POLICY: 'B2C_1_edit',
    }));
    const { origin } = fixture.tiny;
    fixture.tiny.answers.set(`/${policy}/v2.0/.well-known/openid-configuration`, {
      body: {
        issuer: `${origin}/${tenantId}/v2.0/`,
        authorization_endpoint: `${origin}/${policy}/oauth2/v2.0/authorize`,
        token_endpoint: origin + paths.token,
        jwks_uri: origin + paths.keys,
      },
    });
  });

  const flowOf = (answer: HttpResponseInit) => new URL(location(answer)).pathname.split('/')[2];

  it('begins the password reset that a person asks for on the sign-in page', async () => {
    const begun = await begin({ keep: true });
    const answer = await complete(answered(begun, begun.cookie, refused('AADB2C90118')));
    expect(flowOf(answer)).toBe('B2C_1_reset');
    expect(await begunBy(answer)).toMatchObject({
      ...{ policy: 'reset-password', returnPath: '/reports?a=1#row-17', retries: 0, keep: true },
    });
  });

  it('signs in after the reset, and redeems nothing of the reset itself', async () => {
    const begun = await begin({ policy: 'reset-password', keep: true });
    const answer = await complete(answered(begun, begun.cookie));
    expect(flowOf(answer)).toBe('b2c_1_sign_in');
    const next = await begunBy(answer);
    expect(next).toMatchObject({ returnPath: '/reports?a=1#row-17', retries: 0, keep: true });
    expect(next.policy).toBeUndefined();
    expect(fixture.tiny.count(paths.token)).toBe(0);
  });

  it.each(['reset-password', 'edit-profile'] as const)(
    'goes back when the person cancels %s: to the page, or to the sign-in',
    async (flow) => {
      const begun = await begin({ policy: flow });
      const { cookie } = await fixture.signIn();
      const cancelled = refused('AADB2C90091');
      const both = `${begun.cookie}; ${cookie}`;
      expect(location(await complete(answered(begun, both, cancelled)))).toBe(
        `${app}/reports?a=1#row-17`,
      );
      const answer = await complete(answered(begun, begun.cookie, cancelled));
      expect(flowOf(answer)).toBe('b2c_1_sign_in');
    },
  );

  it('never loops: what a policy refuses is shown', async () => {
    const begun = await begin({ policy: 'reset-password' });
    const failure = await failureOf(
      complete(answered(begun, begun.cookie, refused('AADB2C90118'))),
    );
    expect(failure.code).toBe('ERR_SIGN_IN_REFUSED');
  });

  it('shows that a cancelled sign-in was cancelled', async () => {
    const begun = await begin();
    const failure = await failureOf(
      complete(answered(begun, begun.cookie, refused('AADB2C90091'))),
    );
    expect([failure.code, failure.refusal?.number]).toEqual(['ERR_SIGN_IN_REFUSED', 'AADB2C90091']);
  });

  it('begins the change of a profile by a link, and no other flow', async () => {
    const link = (name: string) => fixture.context(`/auth/login?policy=${name}`, browser);
    const begin = (name: string) => Promise.resolve(loginFunction.get?.(link(name)));
    expect(flowOf((await begin('edit-profile')) ?? {})).toBe('B2C_1_edit');
    expect((await failureOf(begin('B2C_1_edit'))).code).toBe('ERR_BAD_REQUEST');
  });
});

describe('without user flows in the settings', () => {
  it('says that nobody can reset a password here, and knows no flow', async () => {
    const begun = await begin();
    const forgot = 'error=access_denied&error_description=AADB2C90118';
    const failure = await failureOf(complete(answered(begun, begun.cookie, forgot)));
    expect(failure.code).toBe('ERR_SIGN_IN_REFUSED');
    const link = fixture.context('/auth/login?policy=edit-profile', browser);
    const unknown = Promise.resolve(loginFunction.get?.(link));
    expect((await failureOf(unknown)).code).toBe('ERR_BAD_REQUEST');
  });
});
