import type { OnSignIn, SignInContext, SignInDecision } from '../../src/http/context';
import { answerError } from '../../src/http/error-response';
import { userKeyOf } from '../../src/sessions/session';
import { signOut } from '../../src/sign-in/sign-out';
import { failureOf, longEnough, objectId, subject, tokenBody } from '../support/auth-fixture';
import {
  type ContextFixture,
  createContextFixture,
  type TestContext,
} from '../support/context-fixture';
import { stopClockAt } from '../support/fixed-clock';
import { start, userOf } from '../support/session-fixture';
import {
  answerOf,
  type AttemptOptions,
  beginAttempt,
  complete,
  grantAda,
  openedBy,
} from '../support/sign-in-fixture';

let fixture: ContextFixture;

beforeEach(async () => {
  // MSAL looks at the system's clock.
  stopClockAt(start);
  fixture = await createContextFixture();
});
afterEach(() => fixture.stop());

/** A sign-in of Ada, up to the answer of the provider. */
async function signingIn(
  asked: AttemptOptions = {},
  cookie = '',
  claims: Record<string, unknown> = { groups: ['a'] },
): Promise<TestContext> {
  const begun = await beginAttempt(fixture, asked);
  grantAda(fixture, begun, claims);
  return answerOf(fixture, begun, `${begun.cookie}; ${cookie}`);
}

const adaKey = () => userKeyOf(fixture.tiny.issuer, objectId, subject);
const stepUp = (): AttemptOptions => ({ asked: { scopes: [], userKey: adaKey() } });

/** What an app decides, however wrong it is. */
const deciding =
  (decision: unknown): OnSignIn =>
  () =>
    decision as SignInDecision;

const textOf = ({ body }: { readonly body?: unknown }) => (typeof body === 'string' ? body : '');

describe('onSignIn', () => {
  it('is told who signs in, with every claim, before anything is written', async () => {
    const told: SignInContext[] = [];
    fixture.hooks.onSignIn = (signIn) => {
      told.push(signIn);
      expect(fixture.writes).toBe(0);
    };
    await complete(await signingIn());
    expect(told).toEqual([
      {
        user: expect.objectContaining({ userKey: adaKey(), roles: ['admin'] }) as unknown,
        claims: expect.objectContaining({ groups: ['a'], oid: objectId }) as unknown,
        isStepUp: false,
        data: {},
        callApi: expect.any(Function) as unknown,
        accessToken: expect.any(Function) as unknown,
        signal: expect.any(AbortSignal) as unknown,
      },
    ]);
  });

  it('adds roles and gives data to keep', async () => {
    fixture.hooks.onSignIn = () => ({ roles: ['pro', 'admin'], data: { plan: 'pro' } });
    const context = await signingIn();
    expect((await complete(context)).status).toBe(302);
    expect((await openedBy(fixture, context))?.session).toMatchObject({
      user: { roles: ['admin', 'pro'] },
      addedRoles: ['pro', 'admin'],
      data: { plan: 'pro' },
    });
  });

  it.each([
    ['nothing', () => undefined],
    ['a promise of nothing', () => Promise.resolve()],
    ['an empty decision', () => ({})],
  ])('lets everybody in with %s', async (_what, onSignIn) => {
    fixture.hooks.onSignIn = onSignIn;
    const context = await signingIn();
    expect((await complete(context)).status).toBe(302);
    expect((await openedBy(fixture, context))?.session).toMatchObject({ addedRoles: [], data: {} });
  });

  it('refuses with a text, and leaves nothing behind', async () => {
    fixture.hooks.onSignIn = () => ({ refuse: ' Your account is not open yet. ' });
    const context = await signingIn();
    const failure = await failureOf(complete(context));
    expect([failure.code, failure.status]).toEqual(['ERR_SIGN_IN_REFUSED_BY_APP', 403]);
    expect([context.cookies, fixture.writes]).toEqual([[], 0]);
  });

  it('shows its text as text, offers another account, and logs no word of it', async () => {
    fixture.hooks.onSignIn = () => ({ refuse: '<script>alert(1)</script> & "Ada"' });
    const context = await signingIn();
    const page = answerError(await failureOf(complete(context)), context);
    expect(textOf(page)).toContain('&lt;script>alert(1)&lt;/script> &amp; ');
    expect(textOf(page)).not.toContain('<script>alert');
    expect(textOf(page)).toMatch(
      /href="\/auth\/login\?return_to=%2Freports%3Fa%3D1%23row-17&amp;prompt=select_account"[^>]*>Use another account/,
    );
    const user = adaKey().slice(0, 8);
    expect(context.told).toEqual([
      {
        ...{ level: 'warn', event: 'hook refused', outcome: 'refused', by: user },
        code: 'ERR_SIGN_IN_REFUSED_BY_APP',
      },
    ]);
  });

  it('tells a client that shows no page the same text', async () => {
    fixture.hooks.onSignIn = () => ({ refuse: 'Not open yet.' });
    const context = await signingIn();
    const answer = answerError(await failureOf(complete(context)), {
      ...context,
      isNavigation: false,
    });
    expect(JSON.parse(textOf(answer))).toMatchObject({
      code: 'ERR_SIGN_IN_REFUSED_BY_APP',
      reason: 'Not open yet.',
    });
  });

  it('cuts a long text', async () => {
    fixture.hooks.onSignIn = () => ({ refuse: 'a'.repeat(1_001) });
    const failure = await failureOf(complete(await signingIn()));
    expect(failure).toMatchObject({ reason: 'a'.repeat(1_000) });
  });

  it.each<[string, OnSignIn]>([
    [
      'throws',
      () => {
        throw new Error('secret of the app');
      },
    ],
    ['rejects', () => Promise.reject(new TypeError('secret of the app'))],
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- an app may do so
    ['rejects with no error', () => Promise.reject('secret of the app')],
    ['returns a text', deciding('no')],
    ['returns null', deciding(null)],
    ['returns false', deciding(false)],
    ['returns a list', deciding([])],
    ['refuses without a text', deciding({ refuse: ' ' })],
    ['refuses with true', deciding({ refuse: true })],
    ['refuses and adds a role', deciding({ refuse: 'no', roles: ['pro'] })],
    ['misspells a member', deciding({ role: ['pro'] })],
    ['adds a role that is no text', deciding({ roles: [1] })],
    ['adds a role without a name', deciding({ roles: [''] })],
    ['adds one text for roles', deciding({ roles: 'pro' })],
    ['adds too many roles', deciding({ roles: Array.from({ length: 101 }, String) })],
    ['gives data that is no object', deciding({ data: 'pro' })],
    ['gives more data than a session keeps', deciding({ data: { a: 'a'.repeat(8_192) } })],
  ])('refuses everybody when it %s', async (_what, onSignIn) => {
    fixture.hooks.onSignIn = onSignIn;
    const context = await signingIn();
    const failure = await failureOf(complete(context));
    expect([failure.code, failure.status]).toEqual(['ERR_SIGN_IN_CHECK_FAILED', 502]);
    expect([context.cookies, fixture.writes]).toEqual([[], 0]);
    const page = answerError(failure, context);
    expect(textOf(page) + context.lines.join()).not.toContain('secret of the app');
    expect(context.told).toMatchObject([
      { level: 'error', event: 'hook failed', code: 'ERR_SIGN_IN_CHECK_FAILED' },
    ]);
  });

  describe('that hangs', () => {
    beforeEach(() => {
      jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    });
    afterEach(() => {
      jest.useRealTimers();
    });

    it('refuses everybody after its part of the time, and its signal is aborted', async () => {
      const called = Promise.withResolvers<AbortSignal>();
      fixture.hooks.onSignIn = ({ signal }) => {
        called.resolve(signal);
        return new Promise(() => undefined);
      };
      const context = await signingIn();
      const failure = failureOf(complete(context));
      const signal = await called.promise;
      await jest.advanceTimersByTimeAsync(3_999);
      expect(signal.aborted).toBe(false);
      await jest.advanceTimersByTimeAsync(1);
      expect((await failure).code).toBe('ERR_SIGN_IN_CHECK_FAILED');
      expect([signal.aborted, context.cookies, fixture.writes]).toEqual([true, [], 0]);
    });
  });

  it('keeps nothing of a session that the browser had, when it refuses, nor ends it', async () => {
    const former = await fixture.signIn({ data: { cart: 7 } });
    fixture.hooks.onSignIn = () => ({ refuse: 'no' });
    await failureOf(complete(await signingIn({}, former.cookie)));
    const { sessions } = fixture.services;
    const found = await sessions.read(former.ticket, fixture.now, longEnough());
    expect(found?.session.data).toEqual({ cart: 7 });
  });
});

describe('onSignIn at a step-up', () => {
  const former = async () =>
    fixture.signIn({ user: { ...userOf(), userKey: adaKey() }, data: { cart: 7 } });

  it('is told so, and gets the data of the session that goes on', async () => {
    const told: unknown[] = [];
    fixture.hooks.onSignIn = ({ isStepUp, data }) => {
      told.push([isStepUp, data]);
    };
    const context = await signingIn(stepUp(), (await former()).cookie);
    await complete(context);
    expect(told).toEqual([[true, { cart: 7 }]]);
    expect((await openedBy(fixture, context))?.session.data).toEqual({ cart: 7 });
  });

  it('may change the data', async () => {
    fixture.hooks.onSignIn = ({ data }) => ({ data: { ...data, plan: 'pro' } });
    const context = await signingIn(stepUp(), (await former()).cookie);
    await complete(context);
    expect((await openedBy(fixture, context))?.session.data).toEqual({ cart: 7, plan: 'pro' });
  });

  it('is told of a sign-in, and of no step-up, where the session is over or of somebody else', async () => {
    // A hook may check less at a step-up, since the person was let in before.
    const told: unknown[] = [];
    fixture.hooks.onSignIn = ({ isStepUp }) => {
      told.push(isStepUp);
    };
    await complete(await signingIn(stepUp()));
    const ended = await former();
    await fixture.services.sessions.end(ended.ticket, undefined, longEnough());
    await complete(await signingIn(stepUp(), ended.cookie));
    await complete(await signingIn(stepUp(), (await fixture.signIn()).cookie));
    // The step-up is another person's, who then chose Ada's account. Ada's own session in this browser was not asked.
    const asked = { scopes: [], userKey: userOf().userKey };
    await complete(await signingIn({ asked }, (await fixture.signIn()).cookie));
    expect(told).toEqual([false, false, false, false]);
  });

  it('gives nothing to a sign-in that is no step-up, nor to somebody else', async () => {
    const { cookie } = await former();
    const plain = await signingIn({}, cookie);
    await complete(plain);
    expect((await openedBy(fixture, plain))?.session.data).toEqual({});
    const other = await fixture.signIn({ data: { cart: 'of somebody else' } });
    const theirs = await signingIn(stepUp(), other.cookie);
    await complete(theirs);
    expect((await openedBy(fixture, theirs))?.session.data).toEqual({});
  });
});

describe('accessToken in onSignIn', () => {
  const scopes = ['api://orders/Orders.Read'];

  /** Answers a redemption with Ada's tokens, and a refresh as given. */
  async function granting(refresh: { readonly status?: number; readonly body: object }) {
    const context = await signingIn();
    const { token } = fixture.tiny;
    fixture.tiny.token = (form) =>
      form.get('grant_type') === 'refresh_token' ? refresh : token(form);
    return context;
  }

  it('gives the token of the sign-in', async () => {
    let given: string | undefined;
    fixture.hooks.onSignIn = async ({ accessToken }) => {
      given = await accessToken();
    };
    await complete(await signingIn());
    expect(given).toBe('access-token-1');
  });

  it('lets it call Graph as the person', async () => {
    fixture.tiny.answers.set('/me/manager', { body: { displayName: 'Grace' } });
    fixture.hooks.onSignIn = async ({ callApi }) => {
      const answer = await callApi('graph', '/me/manager');
      return { data: { manager: Object(await answer.json()) as { displayName: string } } };
    };
    const context = await signingIn();
    await complete(context);
    const session = (await openedBy(fixture, context))?.session;
    expect(session?.data).toEqual({ manager: { displayName: 'Grace' } });
  });

  it('fetches those of other APIs, which the session then has', async () => {
    const orders = { access_token: 'orders-token', scope: scopes.join(' '), id_token: undefined };
    fixture.hooks.onSignIn = async ({ accessToken }) => {
      expect(await Promise.all([accessToken(scopes), accessToken()])).toEqual([
        'orders-token',
        'access-token-1',
      ]);
    };
    const context = await granting({ body: tokenBody('', orders) });
    await complete(context);
    expect((await openedBy(fixture, context))?.tokens?.tokenCache).toContain('orders-token');
  });

  it('begins the sign-in once more when the person must consent first', async () => {
    fixture.hooks.onSignIn = async ({ accessToken }) => {
      await accessToken(scopes);
    };
    const consent = { error: 'invalid_grant', suberror: 'consent_required', error_codes: [65001] };
    const answer = await complete(await granting({ status: 400, body: consent }));
    const url = new URL(new Headers(answer.headers).get('location') ?? '');
    expect(url.searchParams.get('scope')).toContain('api://orders/Orders.Read');
    expect(fixture.writes).toBe(0);
  });

  it('refuses the sign-in when the provider gives no token', async () => {
    fixture.hooks.onSignIn = async ({ accessToken }) => {
      await accessToken(scopes);
    };
    const failure = await failureOf(complete(await granting({ status: 503, body: {} })));
    expect(failure.code).toBe('ERR_SIGN_IN_CHECK_FAILED');
  });
});

describe('roles of groups at a sign-in', () => {
  const editors = '0a4d6f1c-8b1e-4c57-9d7e-2f1b3c5d7e90';
  const overage = { _claim_names: { groups: 'src1' } };
  beforeEach(async () => {
    await fixture.stop();
    fixture = await createContextFixture({}, new Map([[editors, ['editor']]]));
  });

  it('are kept, and the hook sees them', async () => {
    fixture.hooks.onSignIn = ({ user }) => ({ data: { roles: user.roles } });
    const context = await signingIn({}, '', { groups: [editors, 'another'] });
    await complete(context);
    const session = (await openedBy(fixture, context))?.session;
    const roles = ['admin', 'editor'];
    expect(session).toMatchObject({ user: { roles }, addedRoles: [], data: { roles } });
    // No list of groups is kept.
    expect(JSON.stringify(session)).not.toContain(editors);
  });

  it.each([
    [{ status: 500, body: {} }, 'ERR_GROUPS_UNAVAILABLE', 503, 'Try again'],
    [{ status: 403, body: {} }, 'ERR_GROUPS_REFUSED', 502, 'Sign in again'],
  ])('are not guessed when Graph answers %j', async (answer, code, status, link) => {
    fixture.tiny.answers.set('/me/checkMemberObjects', answer);
    const context = await signingIn({}, '', overage);
    const failure = await failureOf(complete(context));
    expect([failure.code, failure.status]).toEqual([code, status]);
    expect([context.cookies, fixture.writes]).toEqual([[], 0]);
    expect(textOf(answerError(failure, context))).toMatch(
      new RegExp(`href="/auth/login\\?return_to=%2Freports%3Fa%3D1%23row-17"[^>]*>${link}`),
    );
  });

  it('begin the sign-in once more when Graph sends a claims challenge', async () => {
    const claims = '{"access_token":{"nbf":{"essential":true}}}';
    const encoded = Buffer.from(claims).toString('base64');
    fixture.tiny.answers.set('/me/checkMemberObjects', {
      status: 401,
      headers: { 'www-authenticate': `Bearer error="insufficient_claims", claims="${encoded}"` },
      body: {},
    });
    const answer = await complete(await signingIn({}, '', overage));
    const url = new URL(new Headers(answer.headers).get('location') ?? '');
    expect(JSON.parse(url.searchParams.get('claims') ?? '')).toMatchObject(
      JSON.parse(claims) as object,
    );
  });
});

describe('onSignOut', () => {
  const post = (cookie: string) =>
    fixture.context('/auth/logout', { method: 'POST', headers: { cookie } });

  it.each([
    [false, 'sign-out'],
    [true, 'sign-out-everywhere'],
  ])('is told whose session ended, and with which data; everywhere: %s', async (...row) => {
    const [everywhere, reason] = row;
    const told: unknown[] = [];
    fixture.hooks.onSignOut = ({ signal, ...rest }) => {
      told.push([rest, signal.aborted]);
    };
    const { cookie } = await fixture.signIn({ data: { cart: 7 } });
    const context = post(cookie);
    await signOut(context, { everywhere });
    expect(told).toEqual([[{ user: userOf(), data: { cart: 7 }, reason }, false]]);
    // The session has ended already.
    await signOut(post(cookie), { everywhere });
    expect(told).toHaveLength(1);
  });

  it('is not called for somebody who is signed out, nor when the session could not be ended', async () => {
    let calls = 0;
    fixture.hooks.onSignOut = () => {
      calls += 1;
    };
    await signOut(post(''), {});
    const { cookie } = await fixture.signIn();
    fixture.tableFailure = Object.assign(new Error('down'), { name: 'RestError' });
    await signOut(post(cookie), {}).catch(() => undefined);
    expect(calls).toBe(0);
  });

  it.each([
    [
      'throws',
      () => {
        throw new TypeError('secret of the app');
      },
      'TypeError',
    ],
    ['rejects', () => Promise.reject(new Error('secret of the app')), 'Error'],
  ])('changes nothing when it %s', async (_what, onSignOut, name) => {
    fixture.hooks.onSignOut = onSignOut;
    const { cookie } = await fixture.signIn();
    const context = post(cookie);
    const { notice } = await signOut(context, {});
    expect(notice).toMatchObject({ session: 'ended', provider: 'asked' });
    expect(context.told.at(-1)).toMatchObject({
      ...{ level: 'error', event: 'hook failed', what: 'onSignOut', note: name },
    });
  });

  it('keeps nobody waiting for longer than two seconds', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    try {
      const called = Promise.withResolvers<AbortSignal>();
      fixture.hooks.onSignOut = ({ signal }) => {
        called.resolve(signal);
        return new Promise(() => undefined);
      };
      const { cookie } = await fixture.signIn();
      const context = post(cookie);
      const done = signOut(context, {});
      const signal = await called.promise;
      await jest.advanceTimersByTimeAsync(2_000);
      expect([(await done).notice.session, signal.aborted]).toEqual(['ended', true]);
      expect(context.told.at(-1)).toMatchObject({ event: 'hook failed', note: 'ERR_DEADLINE' });
    } finally {
      jest.useRealTimers();
    }
  });
});
