import type { HttpResponseInit } from '@azure/functions';
import type { SignInAttempt } from '../../src/auth/sign-in-attempt';
import { createAttempt } from '../../src/auth/sign-in-attempt';
import { addAttemptCookie } from '../../src/cookies/attempt-cookie';
import { completeSignIn } from '../../src/guards/complete-sign-in';
import {
  adaClaims,
  failureOf,
  longEnough,
  objectId,
  subject,
  tokenBody,
} from '../support/auth-fixture';
import type { ExchangeFixture, TestExchange } from '../support/exchange-fixture';
import { createExchangeFixture } from '../support/exchange-fixture';
import { start } from '../support/session-fixture';
import { userKeyOf } from '../../src/sessions/user-key';
import { paths } from '../support/tiny-provider';

const app = 'http://localhost:7071';

let fixture: ExchangeFixture;

beforeEach(async () => {
  fixture = await createExchangeFixture();
});
afterEach(() => fixture.stop());

type Wishes = Partial<Parameters<typeof createAttempt>[0]>;
const attemptOf = (wishes: Wishes = {}) =>
  createAttempt({ returnPath: '/reports?a=1', round: 0, scopes: ['User.Read'], ...wishes }, start);

/** The `Cookie` header of the browser that began `attempt`. */
async function cookieOf(attempt: SignInAttempt): Promise<string> {
  const { keyRing, settings } = fixture.services;
  const options = { keyRing, place: settings, now: attempt.startedAt, signal: longEnough() };
  const cookies = await addAttemptCookie(new Map(), attempt, options);
  return cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
}

/** The provider's answer to `attempt`, with these cookies. */
function answered(
  attempt: Pick<SignInAttempt, 'state'>,
  cookie: string,
  answer = 'code=the-code',
): TestExchange {
  return fixture.exchange(`/auth/redirect?hop=1&${answer}&state=${attempt.state}`, {
    headers: { accept: 'text/html', ...(cookie === '' ? {} : { cookie }) },
  });
}

/** Lets the provider vouch for Ada. */
function grant(attempt: SignInAttempt, more: Record<string, unknown> = {}): void {
  fixture.tiny.token = async () => ({
    body: tokenBody(
      await fixture.tiny.sign({
        ...adaClaims(fixture.tiny, fixture.now),
        nonce: attempt.nonce,
        ...more,
      }),
    ),
  });
}

const location = ({ headers }: HttpResponseInit) => new Headers(headers).get('location') ?? '';
const cleared = ({ cookies }: TestExchange) => [
  ...new Set(cookies.filter(({ maxAge }) => maxAge === 0).map(({ name }) => name)),
];
const stateOf = (answer: HttpResponseInit) =>
  new URL(location(answer)).searchParams.get('state') ?? '';
const adaKey = () => userKeyOf(fixture.tiny.issuer, objectId, subject);

describe('completeSignIn', () => {
  it('opens a session, clears the attempt and goes to the return path', async () => {
    const attempt = attemptOf();
    grant(attempt);
    const exchange = answered(attempt, await cookieOf(attempt));
    const answer = await completeSignIn(exchange);
    expect([answer.status, location(answer)]).toEqual([302, `${app}/reports?a=1`]);
    expect(cleared(exchange)).toEqual([expect.stringMatching(/^anteroom-7071-attempt-/)]);
    expect(exchange.cookies.at(-1)).toMatchObject({ name: 'anteroom-7071' });
    expect(exchange.lines).toEqual([`info signed in ${adaKey().slice(0, 8)}`]);
  });

  it('ends the session that this browser had', async () => {
    const former = await fixture.signIn();
    const attempt = attemptOf();
    grant(attempt);
    const exchange = answered(attempt, `${await cookieOf(attempt)}; ${former.cookie}`);
    await completeSignIn(exchange);
    const { sessions } = fixture.services;
    const by = adaKey().slice(0, 8);
    const of = former.ticket.userKey.slice(0, 8);
    expect(exchange.lines).toEqual([
      `info signed in ${by}`,
      expect.stringMatching(
        new RegExp(`^info audit {"event":"replace session","by":"${by}","of":"${of}","session":`),
      ),
    ]);
    expect(await sessions.read(former.ticket, fixture.now, longEnough())).toBeUndefined();
  });

  it('takes a step-up back to where it was needed, if the same user answers', async () => {
    const attempt = attemptOf({ stepUp: { userKey: adaKey() } });
    grant(attempt);
    const answer = await completeSignIn(answered(attempt, await cookieOf(attempt)));
    expect(location(answer)).toBe(`${app}/reports?a=1`);
  });

  it('goes home when another user answers a step-up: the page is not theirs', async () => {
    const attempt = attemptOf({ stepUp: { userKey: adaKey() } });
    grant(attempt, { sub: 'grace', oid: '44444444-4444-4444-8444-444444444444' });
    const answer = await completeSignIn(answered(attempt, await cookieOf(attempt)));
    expect(location(answer)).toBe(`${app}/`);
  });

  it.each([
    ['a sign-in', {}, undefined],
    ['a step-up', { stepUp: { userKey: 'x'.repeat(43) } }, start],
  ])('remembers of %s whether it was a step-up', async (_name, wishes, steppedUpAt) => {
    const attempt = attemptOf(wishes);
    grant(attempt);
    const exchange = answered(attempt, await cookieOf(attempt));
    await completeSignIn(exchange);
    const { value = '' } = exchange.cookies.at(-1) ?? {};
    const payload: unknown = JSON.parse(
      Buffer.from(value.split('.')[1] ?? '', 'base64url').toString(),
    );
    const { u: userKey, s: sessionId } = Object(payload) as { u: string; s: string };
    const ticket = { userKey, sessionId, issuedAt: start, expiresAt: start + 43_200 };
    const found = await fixture.services.sessions.read(ticket, start, longEnough());
    expect(found?.session.steppedUpAt).toBe(steppedUpAt);
  });
});

describe('completeSignIn, without an attempt that can be finished', () => {
  it.each([
    ['in its last second', true, 599],
    ['after ten minutes', false, 600],
    ['after fifty-nine minutes', false, 3599],
  ])('an answer %s: redeemed is %s', async (_name, isRedeemed, later) => {
    const attempt = attemptOf();
    const cookie = await cookieOf(attempt);
    fixture.now = start + later;
    grant(attempt);
    const exchange = answered(attempt, cookie);
    const answer = await completeSignIn(exchange);
    expect(fixture.tiny.count(paths.token)).toBe(isRedeemed ? 1 : 0);
    expect(cleared(exchange)).toHaveLength(1);
    if (!isRedeemed) expect(stateOf(answer)).toMatch(/\.1$/);
  });

  it('begins an expired one anew, once, and still knows the way back', async () => {
    const attempt = attemptOf();
    const cookie = await cookieOf(attempt);
    fixture.now = start + 600;
    const exchange = answered(attempt, cookie);
    const begun = await completeSignIn(exchange);
    const kept = exchange.cookies.filter(({ maxAge }) => maxAge !== 0);
    const next = kept.map(({ name, value }) => `${name}=${value}`).join('; ');
    // The second round ends where the first was meant to.
    const nonce = new URL(location(begun)).searchParams.get('nonce') ?? '';
    grant({ ...attempt, nonce });
    const answer = await completeSignIn(answered({ state: stateOf(begun) }, next));
    expect(location(answer)).toBe(`${app}/reports?a=1`);
  });

  it('explains itself when the second round has expired too', async () => {
    const attempt = attemptOf({ round: 1 });
    const cookie = await cookieOf(attempt);
    fixture.now = start + 600;
    const failure = await failureOf(completeSignIn(answered(attempt, cookie)));
    expect(failure.code).toBe('ERR_SIGN_IN_LOST');
  });

  it('begins a lost one anew, for the home page, then explains itself', async () => {
    const exchange = answered(attemptOf(), '');
    const begun = await completeSignIn(exchange);
    expect(stateOf(begun)).toMatch(/\.1$/);
    const lost = completeSignIn(answered({ state: stateOf(begun) }, ''));
    expect((await failureOf(lost)).code).toBe('ERR_SIGN_IN_LOST');
  });

  it('goes on to the app when somebody is signed in already', async () => {
    const { cookie } = await fixture.signIn();
    const answer = await completeSignIn(answered(attemptOf(), cookie));
    expect([answer.status, location(answer)]).toEqual([302, `${app}/`]);
    expect(fixture.tiny.count(paths.token)).toBe(0);
  });

  it('shows nothing of an error nobody asked for', async () => {
    const work = completeSignIn(answered(attemptOf(), '', 'error=access_denied'));
    expect((await failureOf(work)).code).toBe('ERR_SIGN_IN_UNSOLICITED');
  });
});

describe('completeSignIn, when the provider refuses', () => {
  const spent = { status: 400, body: { error: 'invalid_grant', error_codes: [54005] } };

  it('tries a code that is used up once more, with the same return path', async () => {
    const attempt = attemptOf();
    fixture.tiny.token = () => spent;
    const exchange = answered(attempt, await cookieOf(attempt));
    expect(stateOf(await completeSignIn(exchange))).toMatch(/\.1$/);
    expect(cleared(exchange)).toHaveLength(1);
    expect(exchange.lines).toEqual([expect.stringMatching(/^warn refusal .*"AADSTS54005"/)]);
  });

  it('explains it in the second round', async () => {
    const attempt = attemptOf({ round: 1 });
    fixture.tiny.token = () => spent;
    const exchange = answered(attempt, await cookieOf(attempt));
    expect((await failureOf(completeSignIn(exchange))).code).toBe('ERR_SIGN_IN_EXPIRED');
    expect(cleared(exchange)).toHaveLength(1);
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
    const attempt = attemptOf({ prompt });
    const exchange = answered(attempt, await cookieOf(attempt), `error=${error}`);
    if (expected === 'back') {
      expect(location(await completeSignIn(exchange))).toBe(`${app}/reports?a=1`);
    } else {
      expect((await failureOf(completeSignIn(exchange))).code).toBe(expected);
    }
    expect(cleared(exchange)).toHaveLength(1);
  });
});
