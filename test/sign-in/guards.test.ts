import type { HttpResponseInit } from '@azure/functions';
import {
  AppError,
  RoleMissingError,
  SessionOverError,
  SignInNeededError,
  StepUpError,
} from '../../src/errors';
import { openSealed } from '../../src/keys/encryption';
import { sessionKeyOf } from '../../src/sessions/session';
import { sameOrigin, type SessionContext, signedIn, withRole } from '../../src/sign-in/guards';
import { signOut } from '../../src/sign-in/sign-out';
import { stepUpName } from '../../src/sign-in/step-up';
import { failureOf, longEnough } from '../support/auth-fixture';
import {
  browserHeaders,
  type ContextFixture,
  createContextFixture,
  type TestContext,
} from '../support/context-fixture';
import { start, userOf } from '../support/session-fixture';

// Half of the idle time ends before the provider would have to vouch again.
const idleSeconds = 600;

let fixture: ContextFixture;
let met: SessionContext[];

beforeEach(async () => {
  fixture = await createContextFixture({ SESSION_IDLE_SECONDS: `${idleSeconds}` });
  met = [];
});
afterEach(() => fixture.stop());

const open = signedIn((context) => {
  met.push(context);
  return { status: 204 };
});

/** For scripts that ask by themselves. */
const asked = signedIn(
  (context) => {
    met.push(context);
    return { status: 204 };
  },
  { slides: false },
);

const json = (cookie = '') => ({ headers: cookie === '' ? {} : { cookie } });
const idleExpiryOf = async (cookie: string): Promise<number | undefined> => {
  await asked(fixture.context('/reports', json(cookie)));
  return met.pop()?.session.idleExpiresAt;
};
async function neededAfter(
  answer: Promise<HttpResponseInit> | HttpResponseInit,
): Promise<SignInNeededError> {
  const failure = await failureOf(Promise.resolve(answer));
  if (failure instanceof SignInNeededError) return failure;
  throw failure;
}

describe('signedIn', () => {
  it('gives the handler who it is, the session and its ticket', async () => {
    const { ticket, cookie } = await fixture.signIn();
    const answer = await open(fixture.context('/reports', json(cookie)));
    expect(answer).toEqual({ status: 204 });
    expect(met).toEqual([
      expect.objectContaining({ user: userOf(), ticket, path: '/reports', now: start }),
    ]);
    expect(met[0]?.session.idleExpiresAt).toBe(start + idleSeconds);
  });

  it('gives the handler a way to change the data of the session, as often as it likes', async () => {
    const { cookie } = await fixture.signIn({ data: { plan: 'pro' } });
    await open(fixture.context('/reports', json(cookie)));
    const [context] = met;
    expect(context?.session.data).toEqual({ plan: 'pro' });
    expect(await context?.changeData({ theme: 'dark' })).toEqual({ theme: 'dark' });
    // The second change is made under the version that the first one wrote.
    expect(await context?.changeData({ theme: 'light' })).toEqual({ theme: 'light' });
    await open(fixture.context('/reports', json(cookie)));
    expect(met[1]?.session.data).toEqual({ theme: 'light' });
  });

  it('signs out whose session ended before its data was changed', async () => {
    const { ticket, cookie } = await fixture.signIn();
    const changing = signedIn(async ({ session, changeData, signal, services }) => {
      await services.sessions.end(ticket, session, signal);
      await changeData({ theme: 'dark' });
      return { status: 204 };
    });
    const needed = await neededAfter(changing(fixture.context('/reports', json(cookie))));
    expect(needed.code).toBe('ERR_SIGNED_OUT');
  });

  it('refuses whoever has no session, and names the way to sign in and back', async () => {
    const needed = await neededAfter(open(fixture.context('/reports?year=2026', json())));
    expect([needed.code, needed.loginPath]).toEqual([
      'ERR_SIGNED_OUT',
      '/auth/login?return_to=%2Freports%3Fyear%3D2026',
    ]);
    expect(met).toEqual([]);
  });

  it.each([
    ['in the second in which it has been idle too long', idleSeconds, true],
    ['one second before', idleSeconds - 1, false],
  ])('refuses a session %s', async (_name, later, isRefused) => {
    const { cookie } = await fixture.signIn();
    fixture.now = start + later;
    const answer = Promise.resolve(open(fixture.context('/reports', json(cookie))));
    if (isRefused) expect((await failureOf(answer)).code).toBe('ERR_SIGNED_OUT');
    else expect(await answer).toEqual({ status: 204 });
  });

  it('never takes an outage for being signed out', async () => {
    const { cookie } = await fixture.signIn();
    fixture.tableFailure = new AppError('ERR_STORAGE_UNAVAILABLE');
    const context = fixture.context('/reports', json(cookie));
    expect(await failureOf(Promise.resolve(open(context)))).toBe(fixture.tableFailure);
    expect(context.cookies).toEqual([]);
  });

  describe('the idle limit', () => {
    it.each<[string, string, number, number]>([
      ['stays before half of it has passed', '', idleSeconds / 2, 0],
      ['moves on past half of it, by one write', '', idleSeconds / 2 + 1, 1],
      [
        'moves on whatever a team’s own query says',
        '?slide=false&bounced=1',
        idleSeconds / 2 + 1,
        1,
      ],
    ])('%s', async (_name, query, later, writes) => {
      const { cookie } = await fixture.signIn();
      fixture.now = start + later;
      fixture.writes = 0;
      await open(fixture.context(`/reports${query}`, json(cookie)));
      expect(fixture.writes).toBe(writes);
      const expected = writes === 0 ? start + idleSeconds : fixture.now + idleSeconds;
      expect(met.pop()?.session.idleExpiresAt).toBe(expected);
      expect(await idleExpiryOf(cookie)).toBe(expected);
    });
  });

  it('leaves the idle limit alone where the function says so, to the last second', async () => {
    const { cookie } = await fixture.signIn();
    for (const later of [idleSeconds / 2 + 1, idleSeconds - 1]) {
      fixture.now = start + later;
      fixture.writes = 0;
      expect(await idleExpiryOf(cookie)).toBe(start + idleSeconds);
      expect(fixture.writes).toBe(0);
    }
  });

  it('lets the function decide by the request', async () => {
    const { cookie } = await fixture.signIn();
    const polled = signedIn(() => ({}), { slides: ({ query }) => query.get('poll') === null });
    fixture.now = start + idleSeconds / 2 + 1;
    fixture.writes = 0;
    await polled(fixture.context('/reports?poll', json(cookie)));
    expect(fixture.writes).toBe(0);
    await polled(fixture.context('/reports', json(cookie)));
    expect(fixture.writes).toBe(1);
  });

  it('gives a team’s function its query as it was sent', async () => {
    const { cookie } = await fixture.signIn();
    await open(fixture.context('/reports?slide=false&bounced=1&hop=1', json(cookie)));
    expect(met[0]?.path).toBe('/reports?slide=false&bounced=1&hop=1');
    expect([...(met[0]?.query ?? [])]).toEqual([
      ['slide', 'false'],
      ['bounced', '1'],
      ['hop', '1'],
    ]);
  });

  const strangers: [string, Record<string, string>][] = [
    [
      'an image of a neighbour',
      { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
    ],
    [
      'a script of a neighbour',
      { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
    ],
    [
      'a frame of a neighbour',
      { ...browserHeaders, 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'iframe' },
    ],
    [
      'an image of another site',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
    ],
    ['a script of a neighbour in an old browser', { origin: 'http://localhost:9' }],
  ];
  it.each(strangers)(
    'gives %s nothing by our cookie, and keeps no session alive for it',
    async (_name, headers) => {
      const { cookie } = await fixture.signIn();
      fixture.now = start + idleSeconds / 2 + 1;
      fixture.writes = 0;
      const context = fixture.context('/reports', { headers: { ...headers, cookie } });
      expect((await neededAfter(open(context))).code).toBe('ERR_SIGNED_OUT');
      expect([met, fixture.writes]).toEqual([[], 0]);
    },
  );

  it.each<[string, Record<string, string>]>([
    ['a link on a neighbour', { ...browserHeaders, 'sec-fetch-site': 'same-site' }],
    ['our own script', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }],
    ['our own script in an old browser', { origin: 'http://localhost:7071' }],
    [
      'a service worker that passes a navigation on',
      { ...browserHeaders, 'sec-fetch-dest': 'empty' },
    ],
  ])('opens for %s', async (_name, headers) => {
    const { cookie } = await fixture.signIn();
    const context = fixture.context('/reports', { headers: { ...headers, cookie } });
    expect(await open(context)).toEqual({ status: 204 });
  });

  describe('reached by a link on another site', () => {
    const crossSite = { ...browserHeaders, 'sec-fetch-site': 'cross-site' };

    it('answers with a page that asks again, before it looks for a session', async () => {
      fixture.tableFailure = new Error('nothing may be read');
      const answer = await open(fixture.context('/reports', { headers: crossSite }));
      expect(answer.status).toBe(200);
      expect(answer.body).toContain('url=http://localhost:7071/reports?anteroom-bounced=1');
    });

    it('answers at once when the cookie came along', async () => {
      const { cookie } = await fixture.signIn();
      const headers = { ...crossSite, cookie };
      expect(await open(fixture.context('/reports', { headers }))).toEqual({ status: 204 });
    });

    it('bounced in vain, it sends the visitor to sign in, and back to the address without marker', async () => {
      const context = fixture.context('/reports?anteroom-bounced=1', { headers: crossSite });
      expect((await neededAfter(open(context))).loginPath).toBe('/auth/login?return_to=%2Freports');
    });
  });
});

describe('signedIn, when the handler needs a step-up', () => {
  const stepUp = { scopes: ['Mail.Read'], claims: '{"access_token":{}}' };
  const demanding = signedIn(() => {
    throw new StepUpError(stepUp);
  });

  it('names a way that only this app can have written, for this session', async () => {
    const { cookie, ticket } = await fixture.signIn();
    const context = fixture.context('/reports?anteroom-bounced=1&a=1', json(cookie));
    const needed = await neededAfter(demanding(context));
    expect([needed.code, needed.isRepeated]).toEqual(['ERR_STEP_UP', false]);
    const step = /^\/auth\/login\?step=([A-Za-z0-9_.-]+)$/.exec(needed.loginPath)?.[1] ?? '';
    const opened = (now: number) =>
      openSealed('step-up', step, {
        keyRing: fixture.services.keyRing,
        now,
        signal: longEnough(),
      });
    const { userKey } = userOf();
    expect(await opened(start)).toEqual({
      ...stepUp,
      userKey,
      sessionKey: sessionKeyOf(ticket.sessionId),
      returnPath: '/reports?a=1',
      madeAt: start,
      names: [stepUpName(stepUp)],
    });
    expect(await opened(start + 86_400)).toBeUndefined();
    expect(context.cookies).toEqual([]);
  });

  it.each([
    ['at once', true, 0],
    ['59 s later', true, 59],
    ['60 s later', false, 60],
  ])('after a step-up, asked again %s: repeated is %s', async (_name, isRepeated, later) => {
    const { cookie } = await fixture.signIn({ isStepUp: true });
    fixture.now = start + later;
    const needed = await neededAfter(demanding(fixture.context('/reports', json(cookie))));
    expect([needed.code, needed.isRepeated]).toEqual(['ERR_STEP_UP', isRepeated]);
  });

  it.each<[string, string[] | undefined, boolean]>([
    ['nobody knows which', undefined, true],
    ['the same', [stepUpName(stepUp)], true],
    ['the same, and another after it', [stepUpName(stepUp), stepUpName({ scopes: ['X'] })], true],
    ['one for other scopes', [stepUpName({ ...stepUp, scopes: ['X'] })], false],
    ['one for other claims', [stepUpName({ ...stepUp, claims: '{"id_token":{}}' })], false],
    ['five others', Array.from({ length: 5 }, (_, at) => stepUpName({ scopes: [`${at}`] })), true],
  ])(
    'within a minute of a step-up, %s: repeated is what it must be',
    async (_name, stepUps, is) => {
      const { cookie } = await fixture.signIn({ isStepUp: true, stepUps });
      const needed = await neededAfter(demanding(fixture.context('/reports', json(cookie))));
      expect([needed.code, needed.isRepeated]).toEqual(['ERR_STEP_UP', is]);
    },
  );

  it('keeps the session', async () => {
    const { cookie } = await fixture.signIn();
    await neededAfter(demanding(fixture.context('/reports', json(cookie))));
    expect(await open(fixture.context('/reports', json(cookie)))).toEqual({ status: 204 });
  });
});

describe('a guard that asks for a step-up', () => {
  const handler = (context: SessionContext) => {
    met.push(context);
    return { status: 204 };
  };
  const guarded = signedIn(handler, { stepUp: { acrs: 'c1', maxAge: 300 } });
  const opening = { acrs: ['c1'], authTime: start };
  const askedBy = async ({ loginPath }: SignInNeededError) => {
    const step = new URL(loginPath, 'http://localhost').searchParams.get('step') ?? '';
    const options = { keyRing: fixture.services.keyRing, now: fixture.now, signal: longEnough() };
    return openSealed('step-up', step, options);
  };

  it('lets a session through that shows it', async () => {
    const { cookie } = await fixture.signIn(opening);
    expect(await guarded(fixture.context('/payout', json(cookie)))).toEqual({ status: 204 });
    expect(met[0]?.session).toMatchObject(opening);
  });

  it('sends the person to the provider for both, and back to the page', async () => {
    const { cookie } = await fixture.signIn({ ...opening, acrs: ['c2'] });
    const needed = await neededAfter(guarded(fixture.context('/payout?id=7', json(cookie))));
    expect([needed.code, needed.isRepeated, met]).toEqual(['ERR_STEP_UP', false, []]);
    expect(await askedBy(needed)).toMatchObject({
      claims: '{"id_token":{"acrs":{"essential":true,"value":"c1"}}}',
      maxAgeSeconds: 300,
      returnPath: '/payout?id=7',
    });
  });

  it('asks again once the sign-in has got old', async () => {
    const { cookie } = await fixture.signIn(opening);
    fixture.now = start + 361;
    const needed = await neededAfter(guarded(fixture.context('/payout', json(cookie))));
    expect(needed.code).toBe('ERR_STEP_UP');
  });

  it('explains instead of sending a person to the provider twice for the same', async () => {
    const stepUps = [stepUpName({ scopes: [], maxAgeSeconds: 300 })];
    const { cookie } = await fixture.signIn({ isStepUp: true, stepUps });
    const recent = signedIn(handler, { stepUp: { maxAge: 300 } });
    const needed = await neededAfter(recent(fixture.context('/payout', json(cookie))));
    expect([needed.code, needed.isRepeated]).toEqual(['ERR_STEP_UP', true]);
  });

  it('tells of a missing role first: a step-up would not help', async () => {
    const { cookie } = await fixture.signIn();
    const paying = withRole('payer', handler, { stepUp: { acrs: 'c1' } });
    const failure = await failureOf(Promise.resolve(paying(fixture.context('/', json(cookie)))));
    expect(failure).toBeInstanceOf(RoleMissingError);
    const reading = withRole('reader', handler, { stepUp: { acrs: 'c1' } });
    const needed = await neededAfter(reading(fixture.context('/', json(cookie))));
    expect(needed.code).toBe('ERR_STEP_UP');
  });
});

describe('signedIn, when the handler calls an API', () => {
  it('takes 100 MiB at most, unless the answer is passed on while it comes', async () => {
    const { cookie } = await fixture.signIn();
    const body = { token_type: 'Bearer', access_token: 'token', expires_in: 3600 };
    fixture.tiny.token = () => ({ body });
    fixture.tiny.answers.set('/me', { headers: { 'content-length': '104857601' }, body: '' });
    const handler = signedIn(async ({ api }) => {
      const { status } = await api.callApi('graph', '/me', { asApp: true });
      return { status };
    });
    const context = fixture.context('/reports', json(cookie));
    expect((await failureOf(Promise.resolve(handler(context)))).code).toBe('ERR_API_REFUSED');
    expect(await handler({ ...context, isStreamed: true })).toEqual({ status: 200 });
  });
});

describe('signedIn, when the handler fails', () => {
  const failing = (error: unknown) =>
    signedIn(() => {
      throw error;
    });
  const run = (handler: ReturnType<typeof signedIn>, context: TestContext) =>
    failureOf(Promise.resolve(handler(context)));

  it('ends the session when the provider refuses its tokens for good', async () => {
    const { cookie } = await fixture.signIn();
    const cause = new SessionOverError({ note: 'refused for good' });
    const context = fixture.context('/reports', json(cookie));
    const failure = await run(failing(cause), context);
    expect(failure).toMatchObject({
      code: 'ERR_SIGNED_OUT',
      loginPath: '/auth/login?return_to=%2Freports',
      cause,
    });
    // By now the browser may hold the cookie of a newer session: none is taken out.
    expect(context.cookies).toEqual([]);
    expect(context.visitor.user).toBeUndefined();
    const key = userOf().userKey.slice(0, 8);
    expect(context.told).toMatchObject([
      { event: 'session ended', by: key, of: key, why: 'end refused session' },
    ]);
    expect((await run(open, fixture.context('/reports', json(cookie)))).code).toBe(
      'ERR_SIGNED_OUT',
    );
  });

  it('ends no session for the same code in an error of a handler', async () => {
    const { cookie } = await fixture.signIn();
    const own = new AppError('ERR_SIGNED_OUT');
    expect(await run(failing(own), fixture.context('/reports', json(cookie)))).toBe(own);
    expect(await open(fixture.context('/reports', json(cookie)))).toEqual({ status: 204 });
  });

  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }, 'ERR_CROSS_SITE'],
    ['a sibling site', { 'sec-fetch-site': 'same-site' }, 'ERR_CROSS_SITE'],
    ['nowhere', {}, 'ERR_CROSS_SITE'],
    [
      'a form of text',
      { 'sec-fetch-site': 'same-origin', 'content-type': 'text/plain' },
      'ERR_MEDIA_TYPE',
    ],
    ['a script without X-CSRF', { 'sec-fetch-site': 'same-origin' }, 'ERR_CSRF_HEADER'],
  ])(
    'lets no change through that comes from %s, before anything is read',
    async (_name, headers, code) => {
      const { cookie } = await fixture.signIn();
      const before = met.length;
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
        const context = fixture.context('/reports', { method, headers: { ...headers, cookie } });
        expect((await run(open, context)).code).toBe(code);
      }
      expect(met).toHaveLength(before);
    },
  );

  it('leaves word of who was refused, unless they are signed out by then', async () => {
    const { cookie } = await fixture.signIn();
    const refused = fixture.context('/reports', json(cookie));
    await run(failing(new AppError('ERR_API_REFUSED')), refused);
    expect(refused.visitor.user).toEqual(userOf());
    const gone = fixture.context('/reports', json(cookie));
    const leaving = signedIn(async (context) => {
      await signOut(context, { local: true });
      throw new AppError('ERR_DEADLINE');
    });
    expect((await run(leaving, gone)).code).toBe('ERR_DEADLINE');
    expect(gone.visitor.user).toBeUndefined();
  });

  it('passes any other error on as it is, and keeps the session', async () => {
    const { cookie } = await fixture.signIn();
    const refused = new AppError('ERR_API_REFUSED');
    expect(await run(failing(refused), fixture.context('/reports', json(cookie)))).toBe(refused);
    const bug = new TypeError('a bug');
    const answer = failing(bug)(fixture.context('/reports', json(cookie)));
    await expect(answer).rejects.toBe(bug);
    expect(await open(fixture.context('/reports', json(cookie)))).toEqual({ status: 204 });
  });
});

describe('signedIn, over https', () => {
  let secure: ContextFixture;
  beforeAll(async () => {
    secure = await createContextFixture({ APP_BASE_URL: 'https://app.contoso.com' });
  });
  afterAll(() => secure.stop());

  it('knows the cookie by its prefix, also when it decides whether to bounce', async () => {
    const { cookie } = await secure.signIn();
    expect(cookie).toMatch(/^__Host-Http-anteroom=/);
    const headers = { ...browserHeaders, 'sec-fetch-site': 'cross-site', cookie };
    expect(await open(secure.context('/reports', { headers }))).toEqual({ status: 204 });
  });

  it('takes a cookie without prefix for nobody’s: another subdomain may have set it', async () => {
    const { cookie } = await secure.signIn();
    const unprefixed = json(cookie.replace('__Host-Http-', ''));
    const needed = await neededAfter(open(secure.context('/reports', unprefixed)));
    expect(needed.code).toBe('ERR_SIGNED_OUT');
  });
});

let roleFixture: ContextFixture;
let cookie: string;

beforeAll(async () => {
  roleFixture = await createContextFixture({ ADMIN_ROLE: 'Reports.Admin' });
  ({ cookie } = await roleFixture.signIn({ user: { ...userOf(), roles: ['reader', 'writer'] } }));
});
afterAll(() => roleFixture.stop());

const reports = () => roleFixture.context('/reports', { headers: { cookie } });
const answer = () => ({ status: 204 });

describe('withRole', () => {
  it.each(['reader', 'writer'])('opens to a user with the role %s', async (role) => {
    expect(await withRole(role, answer)(reports())).toEqual({ status: 204 });
  });

  it.each([
    ['another role', 'admin'],
    ['the role in another case', 'Reader'],
    ['a part of a role', 'read'],
    ['two roles at once', 'reader,writer'],
    ['no role at all', ''],
  ])('is shut where it asks for %s, and names the role', async (_name, role) => {
    const handler = withRole(role, () => {
      throw new Error('the handler must not run');
    });
    const failure = await failureOf(Promise.resolve(handler(reports())));
    expect(failure).toBeInstanceOf(RoleMissingError);
    expect(failure).toMatchObject({ status: 403, role });
  });

  it('leaves word of whom it refuses, for the page that tells them', async () => {
    const context = reports();
    const failure = await failureOf(Promise.resolve(withRole('admin', answer)(context)));
    expect(failure.code).toBe('ERR_ROLE_MISSING');
    expect(context.visitor.user).toEqual({ ...userOf(), roles: ['reader', 'writer'] });
  });

  it('finds the role in the settings when told how', async () => {
    const handler = withRole((settings) => settings.adminRole, answer);
    const failure = await failureOf(Promise.resolve(handler(reports())));
    expect(failure).toMatchObject({ role: 'Reports.Admin' });
    const admin = await roleFixture.signIn({ user: { ...userOf(), roles: ['Reports.Admin'] } });
    const context = roleFixture.context('/reports', { headers: { cookie: admin.cookie } });
    expect(await handler(context)).toEqual({ status: 204 });
  });

  it('asks a visitor without session to sign in first', async () => {
    const context = roleFixture.context('/reports', { headers: {} });
    const failure = await failureOf(Promise.resolve(withRole('reader', answer)(context)));
    expect(failure).toMatchObject({ code: 'ERR_SIGNED_OUT', status: 401 });
  });
});

let originFixture: ContextFixture;

beforeAll(async () => {
  originFixture = await createContextFixture();
});
afterAll(() => originFixture.stop());

const form = { 'content-type': 'application/x-www-form-urlencoded' };

describe('sameOrigin', () => {
  it.each([
    ['our own pages', { ...form, 'sec-fetch-site': 'same-origin' }],
    ['our own pages in an old browser', { ...form, origin: 'http://localhost:7071' }],
    ['our own scripts', { 'x-csrf': '1', 'sec-fetch-site': 'same-origin' }],
  ])('opens to %s', (_name, headers) => {
    const answer = { status: 204 };
    const context = originFixture.context('/reports/end', { method: 'POST', headers });
    expect(sameOrigin(() => answer)(context)).toBe(answer);
  });

  it.each<[string, string, Record<string, string>]>([
    ['another site', 'ERR_CROSS_SITE', { ...form, 'sec-fetch-site': 'cross-site' }],
    [
      'the origin in the Host header',
      'ERR_CROSS_SITE',
      { ...form, origin: 'http://host-header.example' },
    ],
    ['whoever does not say', 'ERR_CROSS_SITE', form],
    ['a script without X-CSRF', 'ERR_CSRF_HEADER', { 'sec-fetch-site': 'same-origin' }],
  ])('is shut to %s, whether or not somebody is signed in', async (_name, code, headers) => {
    const { cookie } = await originFixture.signIn();
    const handler = sameOrigin(signedIn(() => ({})));
    for (const sent of [headers, { ...headers, cookie }]) {
      const context = originFixture.context('/reports/end', { method: 'POST', headers: sent });
      const answer = Promise.resolve().then(() => handler(context));
      expect((await failureOf(answer)).code).toBe(code);
    }
  });
});
