import { randomBytes } from 'node:crypto';
import { openSealed } from '../../src/keys/encryption';
import { sessionKeyOf } from '../../src/sessions/session';
import { findSession, type RequestSession } from '../../src/sign-in/guards';
import {
  checkDemand,
  parseStepUpRequest,
  requireStepUp,
  signInLink,
  type StepUpDemand,
  stepUpLink,
  stepUpName,
} from '../../src/sign-in/step-up';
import { failureOf, longEnough } from '../support/auth-fixture';
import { type ContextFixture, createContextFixture } from '../support/context-fixture';

const userKey = 'u'.repeat(43);
const claims = '{"access_token":{"nbf":{"essential":true}}}';
const sessionKey = 's'.repeat(43);
const madeAt = 1_800_000_000;
const request = {
  scopes: ['User.Read'],
  claims,
  userKey,
  sessionKey,
  returnPath: '/reports?a=1',
  madeAt,
  names: ['n'.repeat(22)],
};

describe('parseStepUpRequest', () => {
  it('reads a request, with claims and without', () => {
    expect(parseStepUpRequest(request)).toEqual(request);
    const plain = { scopes: [], userKey, sessionKey, returnPath: '/', madeAt, names: [] };
    expect(parseStepUpRequest(plain)).toEqual(plain);
  });

  it('reads a recent sign-in and a session that stays', () => {
    const more = { ...request, maxAgeSeconds: 300, keep: true };
    expect(parseStepUpRequest(more)).toEqual(more);
  });

  it('reads what JSON made of one', () => {
    expect(parseStepUpRequest(JSON.parse(JSON.stringify(request)))).toEqual(request);
  });

  it.each<[string, unknown]>([
    ['no names', { ...request, names: undefined }],
    ['too many names', { ...request, names: Array.from({ length: 6 }, () => 'n'.repeat(22)) }],
    ['names of another kind', { ...request, names: ['n'] }],
    ['nothing', undefined],
    ['null', null],
    ['a text', JSON.stringify(request)],
    ['a list', [request]],
    ['another member', { ...request, redirect_uri: 'https://evil.example' }],
    ['no scopes', { ...request, scopes: undefined }],
    ['scopes as text', { ...request, scopes: 'User.Read' }],
    ['a scope with a space', { ...request, scopes: ['User.Read Mail.Read'] }],
    ['an empty scope', { ...request, scopes: [''] }],
    ['21 scopes', { ...request, scopes: Array.from({ length: 21 }, () => 's') }],
    ['claims that are no JSON', { ...request, claims: 'x' }],
    ['claims that are a list', { ...request, claims: '[]' }],
    ['claims whose member is no object', { ...request, claims: '{"id_token":null}' }],
    ['oversized claims', { ...request, claims: JSON.stringify({ a: { b: 'c'.repeat(2048) } }) }],
    ['an age as text', { ...request, maxAgeSeconds: '300' }],
    ['no age at all', { ...request, maxAgeSeconds: 0 }],
    ['an age of more than 30 days', { ...request, maxAgeSeconds: 2_592_001 }],
    ['a session that stays in another way', { ...request, keep: 'true' }],
    ['no user', { ...request, userKey: undefined }],
    ['a user key of another form', { ...request, userKey: 'ada' }],
    ['no session', { ...request, sessionKey: undefined }],
    ['a session id', { ...request, sessionKey: 'a.b' }],
    ['no time', { ...request, madeAt: undefined }],
    ['no return path', { ...request, returnPath: undefined }],
    ['another origin', { ...request, returnPath: 'https://evil.example' }],
    ['another host', { ...request, returnPath: '//evil.example' }],
    ['an oversized return path', { ...request, returnPath: `/${'a'.repeat(2048)}` }],
  ])('refuses %s', (_what, payload) => {
    expect(parseStepUpRequest(payload)).toBeUndefined();
  });
});

describe('stepUpName', () => {
  const nbf = (value: string) => `{"access_token":{"nbf":{"essential":true,"value":"${value}"}}}`;
  const named = (scopes: string[], text?: string) =>
    stepUpName({ scopes, ...(text === undefined ? {} : { claims: text }) });

  it('is the same for what asks for the same', () => {
    expect(named(['A', 'B'])).toBe(named(['b', 'a', 'openid']));
    expect(named([], '{"a":{"x":1,"y":2},"b":{}}')).toBe(named([], '{"b":{},"a":{"y":2,"x":1}}'));
    expect(named([], nbf('1'))).toBe(named([], nbf('2')));
    expect(named(['A'])).toMatch(/^[A-Za-z0-9_-]{22}$/);
  });

  it('differs for other scopes and other claims', () => {
    const all = [
      named([]),
      named(['A']),
      named(['api://a/A']),
      named([], nbf('1')),
      named([], '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}'),
      named([], '{"access_token":{"acrs":{"essential":true,"value":"c2"}}}'),
      stepUpName({ scopes: [], maxAgeSeconds: 300 }),
      stepUpName({ scopes: [], maxAgeSeconds: 600 }),
    ];
    expect(new Set(all).size).toBe(all.length);
  });
});

describe('requireStepUp', () => {
  const session = { acrs: ['c1', 'c2'], authTime: madeAt };
  const claimsFor = (value: string) =>
    JSON.stringify({ id_token: { acrs: { essential: true, value } } });

  it.each<[string, StepUpDemand, number]>([
    ['a context that was met', { acrs: 'c2' }, 99_999],
    ['a recent sign-in', { maxAge: 300 }, 0],
    ['a sign-in of that age, as clocks may differ', { maxAge: 300 }, 360],
    ['both', { acrs: 'c1', maxAge: 300 }, 300],
  ])('lets %s through', (_name, demand, later) => {
    expect(() => {
      requireStepUp(demand, session, madeAt + later);
    }).not.toThrow();
  });

  const unknown = { acrs: [], authTime: undefined };
  it.each<[string, StepUpDemand, typeof session | typeof unknown, number, object]>([
    ['a context that was not met', { acrs: 'c3' }, session, 0, { claims: claimsFor('c3') }],
    ['an old sign-in', { maxAge: 300 }, session, 361, { maxAgeSeconds: 300 }],
    ['a sign-in at an unknown time', { maxAge: 300 }, unknown, 0, { maxAgeSeconds: 300 }],
    ['a sign-in that is to come', { maxAge: 300 }, session, -61, { maxAgeSeconds: 300 }],
    [
      'a context with an old sign-in, by asking for both',
      { acrs: 'c1', maxAge: 300 },
      session,
      361,
      { claims: claimsFor('c1'), maxAgeSeconds: 300 },
    ],
  ])('asks for a step-up after %s', (_name, demand, facts, later, stepUp) => {
    let thrown: unknown;
    try {
      requireStepUp(demand, facts, madeAt + later);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'ERR_STEP_UP', stepUp: { scopes: [], ...stepUp } });
  });
});

describe('checkDemand', () => {
  it.each<StepUpDemand>([{ acrs: 'c1' }, { maxAge: 1 }, { acrs: 'urn:mfa', maxAge: 2_592_000 }])(
    'takes %j',
    (demand) => {
      expect(() => {
        checkDemand(demand);
      }).not.toThrow();
    },
  );

  it.each<[string, StepUpDemand]>([
    ['nothing', {}],
    ['an empty context', { acrs: '' }],
    ['two contexts in one text', { acrs: 'c1 c2' }],
    ['no age', { maxAge: 0 }],
    ['a part of a second', { maxAge: 1.5 }],
    ['more than 30 days', { maxAge: 2_592_001 }],
    ['an age that is no number', { maxAge: Number.NaN }],
  ])('refuses %s when the function is declared', (_name, demand) => {
    expect(() => {
      checkDemand(demand);
    }).toThrow(TypeError);
  });
});

let fixture: ContextFixture;

beforeAll(async () => {
  fixture = await createContextFixture();
});
afterAll(() => fixture.stop());

const noise = (length: number) => randomBytes(length).toString('base64url').slice(0, length);

describe('wayToSignIn', () => {
  it.each([
    ['a path with its query', 'GET', '/reports?a=1&b=%2F', '/reports?a=1&b=%2F'],
    ['no marker of a bounce', 'GET', '/reports?a=1&anteroom-bounced=1', '/reports?a=1'],
    [
      'the fragment that a bounce told',
      'GET',
      '/reports?anteroom-bounced=%23row-17',
      '/reports#row-17',
    ],
    ['no fragment that is none', 'GET', '/reports?anteroom-bounced=row', '/reports'],
    ['a marker of somebody else’s', 'GET', '/reports?bounced=1', '/reports?bounced=1'],
    ['no other origin', 'GET', '//evil.example/reports', '/'],
    ['no step of the sign-in', 'GET', '/auth/login', '/'],
    ['the home page after a form', 'POST', '/reports', '/'],
    ['the page after HEAD, as after GET', 'HEAD', '/reports', '/reports'],
  ])('comes back to %s', (_name, method, path, expected) => {
    const context = fixture.context(path, { method });
    expect(signInLink(context)).toEqual({
      loginPath: `/auth/login?return_to=${encodeURIComponent(expected)}`,
      lostPage: undefined,
    });
  });

  it.each([
    ['2 KB', `/reports?q=${noise(2030)}`],
    ['2 KB of escapes', `/${'%D0%B0'.repeat(340)}`],
  ])('comes back to a page of %s, in a query under 4,096 characters', (_name, path) => {
    const { loginPath, lostPage } = signInLink(fixture.context(path));
    expect(lostPage).toBeUndefined();
    const url = new URL(loginPath, 'http://localhost');
    expect(url.search.length).toBeLessThan(4000);
    expect(url.searchParams.get('return_to')).toBe(path);
  });

  it.each([
    ['of more than 2 KB', `/reports?q=${noise(2050)}`],
    ['that fits no query', `/reports?${'a&'.repeat(1000)}`],
  ])('names a page %s as lost, and comes back to its path', (_name, path) => {
    expect(signInLink(fixture.context(path))).toEqual({
      loginPath: '/auth/login?return_to=%2Freports',
      lostPage: path,
    });
  });

  it('does so for the page that a script names', () => {
    const page = `/app?q=${noise(3000)}#part`;
    const headers = { accept: 'application/json', 'x-return-to': page };
    expect(signInLink(fixture.context('/api/orders', { headers }))).toEqual({
      loginPath: '/auth/login?return_to=%2Fapp',
      lostPage: page,
    });
  });
});

it('comes back to the page of a form, where the function names it', () => {
  const context = fixture.context('/reports/delete', { method: 'POST' });
  context.visitor.returnPath = '/reports?id=7';
  expect(signInLink(context).loginPath).toBe('/auth/login?return_to=%2Freports%3Fid%3D7');
});

describe('wayToStepUp', () => {
  let found: RequestSession;
  beforeEach(async () => {
    found = await sessionOf({});
  });
  const sessionOf = async (opening: Parameters<typeof fixture.signIn>[0]) => {
    const { cookie } = await fixture.signIn(opening);
    const session = await findSession(fixture.context('/', { headers: { cookie } }));
    if (session === undefined) throw new Error('nobody is signed in');
    return session;
  };
  const opened = async (loginPath: string) => {
    const step = new URL(loginPath, 'http://localhost').searchParams.get('step') ?? '';
    const { keyRing } = fixture.services;
    const options = { keyRing, now: fixture.now, signal: longEnough() };
    return parseStepUpRequest(await openSealed('step-up', step, options));
  };
  const claimsOf = (length: number) =>
    JSON.stringify({ access_token: { acrs: { essential: true, value: noise(length - 60) } } });

  // As many as there are at most.
  const names = Array.from({ length: 5 }, () => 'n'.repeat(22));

  it('seals what is asked for, for whom and in which session', async () => {
    const stepUp = { scopes: ['Mail.Read'], claims: claimsOf(400) };
    const { loginPath, lostPage } = await stepUpLink(
      fixture.context('/a?b=1'),
      found,
      stepUp,
      names,
    );
    expect(lostPage).toBeUndefined();
    expect(loginPath).not.toContain('Mail.Read');
    expect(await opened(loginPath)).toEqual({
      ...stepUp,
      userKey: found.ticket.userKey,
      sessionKey: sessionKeyOf(found.ticket.sessionId),
      returnPath: '/a?b=1',
      madeAt: fixture.now,
      names,
    });
  });

  it.each([
    ['claims of 2 KB and a short page', 2040, `/reports`],
    ['usual claims and a page of 2 KB', 400, `/reports?q=${noise(2030)}`],
  ])('holds %s in less than 4,096 characters', async (_name, length, path) => {
    const stepUp = { scopes: ['Mail.Read'], claims: claimsOf(length) };
    const { loginPath, lostPage } = await stepUpLink(fixture.context(path), found, stepUp, names);
    expect(loginPath.length).toBeLessThan(4096);
    expect([lostPage, await opened(loginPath)]).toMatchObject([undefined, { returnPath: path }]);
  });

  it('gives way to long claims with a long page, and names the page as lost', async () => {
    const path = `/reports?q=${noise(2030)}`;
    const stepUp = { scopes: ['Mail.Read'], claims: claimsOf(2040) };
    const { loginPath, lostPage } = await stepUpLink(fixture.context(path), found, stepUp, names);
    expect(loginPath.length).toBeLessThan(4096);
    expect(lostPage).toBe(path);
    expect(await opened(loginPath)).toMatchObject({ ...stepUp, returnPath: '/reports' });
  });

  it('says how old the sign-in may be, and that the session stays', async () => {
    const staying = await sessionOf({ isPersistent: true });
    const stepUp = { scopes: [], maxAgeSeconds: 300 };
    const { loginPath } = await stepUpLink(fixture.context('/'), staying, stepUp, names);
    expect(await opened(loginPath)).toMatchObject({ maxAgeSeconds: 300, keep: true });
  });

  it('says so when what is asked for fits no address', async () => {
    const scopes = Array.from({ length: 20 }, () => noise(250));
    const work = stepUpLink(fixture.context('/'), found, { scopes }, names);
    expect((await failureOf(work)).code).toBe('ERR_PROVIDER_MISMATCH');
  });
});
