import type { RelyingParty } from '../../src/entra/msal';
import type { SessionTicket } from '../../src/sessions/session';
import {
  createSessionStore,
  type FoundSession,
  type SessionStore,
} from '../../src/sessions/session-store';
import { finishSignIn } from '../../src/sign-in/finish';
import { createApis } from '../../src/tokens/call-api';
import { createRolesOf } from '../../src/tokens/graph';
import { createRevalidate, type Revalidate } from '../../src/tokens/revalidate';
import {
  adaClaims,
  createRelyingParty,
  failureOf,
  graphOf,
  longEnough,
  ownAttempt,
  tokenBody,
} from '../support/auth-fixture';
import { stopClockAt } from '../support/fixed-clock';
import { ringSecret, start } from '../support/session-fixture';
import { createStaticKeyRing } from '../support/static-key-ring';
import { createTestTable } from '../support/test-table';
import { startTinyProvider, type TinyProvider } from '../support/tiny-provider';

const revalidateSeconds = 900;
const due = start + revalidateSeconds;
const hour = 3600;

let tiny: TinyProvider;
let auth: RelyingParty;
let sessions: SessionStore;
let ticket: SessionTicket;
let time: number;

beforeEach(async () => {
  // MSAL looks at the system's clock.
  stopClockAt(start);
  time = start;
  tiny = await startTinyProvider();
  auth = createRelyingParty(tiny, () => time);
  const { table } = await createTestTable();
  const limits = { idleSeconds: 20_000, lifetimeSeconds: 43_200 };
  sessions = createSessionStore({ table, keyRing: createStaticKeyRing(ringSecret), limits });
  const attempt = ownAttempt(start);
  const idToken = await tiny.sign({ ...adaClaims(tiny, start), nonce: attempt.nonce });
  tiny.token = () => ({ body: tokenBody(idToken) });
  const callback = { kind: 'code', state: undefined, issuer: undefined, code: 'c' } as const;
  const finished = await finishSignIn(auth, attempt, callback, {
    now: start,
    signal: longEnough(),
  });
  ({ ticket } = await sessions.open({
    ...finished,
    user: { ...finished.user, roles: [...finished.user.roles, 'vip'] },
    addedRoles: ['vip'],
    data: { plan: 'pro' },
    userAgent: '',
    now: start,
    signal: longEnough(),
  }));
  tiny.forms.length = 0;
});
afterEach(() => tiny.stop());

/** One of them makes somebody an editor. */
const editors = '0a4d6f1c-8b1e-4c57-9d7e-2f1b3c5d7e90';

const instance = (): Revalidate => {
  const apis = createApis([graphOf(tiny)], () => time);
  const groupRoles = new Map([[editors, ['editor']]]);
  const rolesOf = createRolesOf({ relyingParty: auth, apis, groupRoles });
  return createRevalidate({ relyingParty: auth, sessions, revalidateSeconds, rolesOf });
};

async function stored(now: number): Promise<FoundSession> {
  const found = await sessions.readWithTokens(ticket, now, longEnough());
  if (found === undefined) throw new Error('the session has ended');
  return found;
}

async function ask(revalidate: Revalidate, now: number, found?: FoundSession) {
  time = now;
  return revalidate({
    ticket,
    found: found ?? (await stored(now)),
    slide: true,
    now,
    signal: longEnough(),
  });
}

/** What the provider answers to a refresh from now on. */
async function answerWith(claims: Record<string, unknown>, now: number): Promise<void> {
  const idToken = await tiny.sign({ ...adaClaims(tiny, now), ...claims });
  tiny.token = () => ({ body: tokenBody(idToken, { refresh_token: `refreshed-at-${now}` }) });
}

function refuse(status: number, body: object): void {
  tiny.token = () => ({ status, body });
}

describe('createRevalidate', () => {
  it('closes what a role opened once the provider took the role away', async () => {
    await answerWith({ roles: [] }, due);
    // The role that the app's own code added stays, and so does what the app keeps.
    expect((await ask(instance(), due))?.session.user.roles).toEqual(['vip']);
    expect((await stored(due)).session).toMatchObject({
      ...{ verifiedAt: due, user: { roles: ['vip'] } },
      ...{ addedRoles: ['vip'], data: { plan: 'pro' } },
    });
  });

  it('opens what a new role opens, and takes a new name', async () => {
    await answerWith({ roles: ['admin', 'reader'], name: 'Ada King' }, due);
    const again = await ask(instance(), due);
    expect(again?.session.user).toMatchObject({
      ...{ roles: ['admin', 'reader', 'vip'], name: 'Ada King' },
    });
  });

  it('lets authentication contexts follow, and keeps them when a refresh leaves them out', async () => {
    await answerWith({ acrs: ['c1'] }, due);
    expect((await ask(instance(), due))?.session.acrs).toEqual(['c1']);
    await answerWith({}, due + 900);
    expect((await ask(instance(), due + 900))?.session.acrs).toEqual(['c1']);
    await answerWith({ acrs: [] }, due + 1800);
    await ask(instance(), due + 1800);
    expect((await stored(due + 1800)).session.acrs).toEqual([]);
  });

  it('takes no refresh for a sign-in: the time of the sign-in stays', async () => {
    await answerWith({ auth_time: start }, due);
    expect((await ask(instance(), due))?.session.authTime).toBe(start);
    await answerWith({ auth_time: due + 900 }, due + 900);
    await ask(instance(), due + 900);
    expect((await stored(due + 900)).session.authTime).toBe(start);
  });

  it('stores the new refresh token with the new claims', async () => {
    await answerWith({}, due);
    await ask(instance(), due);
    expect((await stored(due)).tokens?.tokenCache).toContain(`refreshed-at-${due}`);
  });

  it('asks once for all requests of a session that come at the same time', async () => {
    await answerWith({}, due);
    const revalidate = instance();
    const found = await stored(due);
    const all = await Promise.all(Array.from({ length: 10 }, () => ask(revalidate, due, found)));
    expect(new Set(all.map((one) => one?.etag)).size).toBe(1);
    expect(tiny.forms).toHaveLength(1);
  });

  it('asks twice from two instances at worst, and nothing is lost', async () => {
    await answerWith({}, due);
    const found = await stored(due);
    const [one, other] = await Promise.all([
      ask(instance(), due, found),
      ask(instance(), due, found),
    ]);
    expect([one?.session.verifiedAt, other?.session.verifiedAt]).toEqual([due, due]);
    expect((await stored(due)).tokens?.tokenCache).toContain(`refreshed-at-${due}`);
  });

  it('goes on over a change of the session that had nothing to do with it', async () => {
    await answerWith({ roles: ['reader'] }, due);
    const found = await stored(due);
    const { tokens } = found;
    if (tokens === undefined) throw new Error('no tokens');
    await sessions.writeTokens(ticket, tokens, due, longEnough());
    expect((await ask(instance(), due, found))?.session.user.roles).toEqual(['reader', 'vip']);
  });

  it('tells that the session was ended meanwhile, and does not bring it back', async () => {
    await answerWith({}, due);
    const found = await stored(due);
    await sessions.end(ticket, found.session, longEnough());
    expect(await ask(instance(), due, found)).toBeUndefined();
    await expect(stored(due)).rejects.toThrow('has ended');
  });

  it('ends the session of a disabled user', async () => {
    refuse(400, {
      error: 'invalid_grant',
      error_description: 'AADSTS50057: disabled',
      error_codes: [50057],
    });
    expect((await failureOf(ask(instance(), due))).code).toBe('ERR_SIGNED_OUT');
  });

  it('tries what another instance stored before it takes the session for ended', async () => {
    const found = await stored(due);
    await answerWith({}, due);
    await ask(instance(), due, found);
    const idToken = await tiny.sign({ ...adaClaims(tiny, due), uti: 'another token' });
    tiny.token = (form) =>
      form.get('refresh_token') === `refreshed-at-${due}`
        ? { body: tokenBody(idToken) }
        : { status: 400, body: { error: 'invalid_grant', error_codes: [70008] } };
    expect((await ask(instance(), due, found))?.session.verifiedAt).toBe(due);
  });

  it('asks for a step-up where the provider wants interaction, and keeps the session', async () => {
    refuse(400, {
      error: 'interaction_required',
      error_codes: [50076],
      error_description: 'AADSTS50076',
    });
    expect((await failureOf(ask(instance(), due))).code).toBe('ERR_STEP_UP');
    expect((await stored(due)).session.verifiedAt).toBe(start);
  });

  it.each([
    ['another sub', { sub: 'somebody-else' }],
    ['another oid', { oid: '44444444-4444-4444-8444-444444444444' }],
  ])('refuses an ID token of %s', async (_name, claims) => {
    await answerWith(claims, due);
    expect((await failureOf(ask(instance(), due))).code).toBe('ERR_ID_TOKEN');
  });

  it('does not count a refresh without ID token as verified', async () => {
    tiny.token = () => ({ body: tokenBody('', { id_token: undefined }) });
    await ask(instance(), due);
    expect((await stored(due)).session.verifiedAt).toBe(start);
  });
});

describe('createRevalidate, when the provider refuses the app', () => {
  const claims = '{"access_token":{"capolids":{"essential":true,"values":["1"]}}}';

  it.each([
    ['an expired secret', 401, { error: 'invalid_client', error_codes: [7000222] }],
    [
      'an expired secret, with claims',
      401,
      { error: 'invalid_client', error_codes: [7000222], claims },
    ],
    ['a disabled app', 400, { error: 'unauthorized_client', error_codes: [7000112] }],
    ['an unknown app', 400, { error: 'unauthorized_client', error_codes: [700016] }],
    ['a missing API', 400, { error: 'invalid_resource', error_codes: [500011] }],
  ])(
    'lets nobody go on after %s, keeps the session and tells /health',
    async (_what, status, body) => {
      const revalidate = instance();
      refuse(status, body);
      const failure = await failureOf(ask(revalidate, due));
      expect(failure.code).toBe('ERR_PROVIDER_REFUSED');
      expect(failure.refusal?.number).toBe(`AADSTS${body.error_codes[0]}`);
      expect(auth.credential.lastRefusal()).toEqual(expect.objectContaining({ error: body.error }));
      expect((await stored(due)).session.verifiedAt).toBe(start);
      await answerWith({}, due + 1);
      expect((await ask(revalidate, due + 1))?.session.verifiedAt).toBe(due + 1);
      expect(auth.credential.lastRefusal()).toBeUndefined();
    },
  );

  it('takes one request that cannot be read for no fault of the app’s credential', async () => {
    refuse(400, { error: 'invalid_grant', error_codes: [9002313] });
    expect((await failureOf(ask(instance(), due))).code).toBe('ERR_PROVIDER_REFUSED');
    expect(auth.credential.lastRefusal()).toBeUndefined();
    expect((await stored(due)).session.verifiedAt).toBe(start);
  });

  it('takes sign-in frequency for a step-up', async () => {
    refuse(400, { error: 'invalid_grant', error_codes: [70043], suberror: 'token_expired' });
    expect((await failureOf(ask(instance(), due))).code).toBe('ERR_STEP_UP');
    expect((await stored(due)).session.verifiedAt).toBe(start);
  });
});

describe('createRevalidate with the provider out of reach', () => {
  beforeEach(() => {
    refuse(503, { error: 'temporarily_unavailable' });
  });

  it('goes on with the last verified claims for an hour, then fails closed', async () => {
    const found = await stored(due);
    expect(await ask(instance(), due, found)).toBe(found);
    expect(await ask(instance(), due + hour - 1, found)).toBe(found);
    const late = await failureOf(ask(instance(), due + hour, found));
    expect(late.code).toBe('ERR_PROVIDER_UNAVAILABLE');
  });

  it('reports, each time it asks, what the session outlives', async () => {
    const revalidate = instance();
    const found = await stored(due);
    const reported: string[] = [];
    for (const later of [0, 1, 60]) {
      await revalidate({
        ...{ ticket, found, slide: true, now: due + later, signal: longEnough() },
        report: ({ code }) => reported.push(code),
      });
    }
    expect(reported).toEqual(['ERR_PROVIDER_UNAVAILABLE', 'ERR_PROVIDER_UNAVAILABLE']);
  });

  it('asks again at most once a minute, also when it fails closed', async () => {
    const revalidate = instance();
    const found = await stored(due);
    for (const later of [0, 1, 30, 59]) await ask(revalidate, due + later, found);
    expect(tiny.forms).toHaveLength(1);
    await ask(revalidate, due + 60, found);
    expect(tiny.forms).toHaveLength(2);
    await failureOf(ask(revalidate, due + hour, found));
    const second = await failureOf(ask(revalidate, due + hour + 1, found));
    expect(tiny.forms).toHaveLength(3);
    // When the provider is asked again.
    expect(second.retryAfterSeconds).toBe(59);
  });

  it('recovers by itself', async () => {
    const revalidate = instance();
    await ask(revalidate, due);
    await answerWith({ roles: ['reader'] }, due + 60);
    expect((await ask(revalidate, due + 60))?.session.user.roles).toEqual(['reader', 'vip']);
  });
});

describe('createRevalidate, with roles of groups', () => {
  const overage = { roles: [], groups: undefined, _claim_names: { groups: 'src1' } };

  it('lets the roles follow the groups', async () => {
    await answerWith({ roles: [], groups: [editors] }, due);
    expect((await ask(instance(), due))?.session.user.roles).toEqual(['editor', 'vip']);
    await answerWith({ roles: [], groups: [] }, due + 900);
    expect((await ask(instance(), due + 900))?.session.user.roles).toEqual(['vip']);
  });

  it('asks Graph where the ID token has too many groups', async () => {
    await answerWith(overage, due);
    tiny.answers.set('/me/checkMemberObjects', { body: { value: [editors] } });
    expect((await ask(instance(), due))?.session.user.roles).toEqual(['editor', 'vip']);
    expect((await stored(due)).session.user.roles).toEqual(['editor', 'vip']);
  });

  it('goes on with the last roles for an hour without Graph, then fails closed', async () => {
    const revalidate = instance();
    const found = await stored(due);
    await answerWith(overage, due);
    tiny.answers.set('/me/checkMemberObjects', { status: 500, body: {} });
    expect(await ask(revalidate, due, found)).toBe(found);
    // Asked again once a minute.
    expect(await ask(revalidate, due + 59, found)).toBe(found);
    expect(tiny.count('/me/checkMemberObjects')).toBe(1);
    await answerWith(overage, due + hour);
    const late = await failureOf(ask(revalidate, due + hour));
    expect(late.code).toBe('ERR_GROUPS_UNAVAILABLE');
    const again = await failureOf(ask(revalidate, due + hour + 1));
    expect([again.code, again.retryAfterSeconds]).toEqual(['ERR_GROUPS_UNAVAILABLE', 59]);
    tiny.answers.set('/me/checkMemberObjects', { body: { value: [] } });
    const later = due + hour + 60;
    await answerWith(overage, later);
    expect((await ask(revalidate, later))?.session.user.roles).toEqual(['vip']);
  });

  it('keeps the new tokens though Graph failed: a provider may take a refresh token once only', async () => {
    await answerWith(overage, due);
    tiny.answers.set('/me/checkMemberObjects', { status: 500, body: {} });
    await ask(instance(), due);
    const after = await stored(due);
    expect(after.session.verifiedAt).toBe(start);
    expect(after.tokens?.tokenCache).toContain(`refreshed-at-${due}`);
  });

  it('lets nobody go on when Graph refuses for good', async () => {
    await answerWith(overage, due);
    const denied = { error: { code: 'Authorization_RequestDenied' } };
    tiny.answers.set('/me/checkMemberObjects', { status: 403, body: denied });
    const failure = await failureOf(ask(instance(), due));
    expect(failure).toMatchObject({
      code: 'ERR_GROUPS_REFUSED',
      note: 'Graph answered 403 Authorization_RequestDenied to POST /me/checkMemberObjects',
    });
  });

  it('asks for a step-up when Graph wants more of the person', async () => {
    await answerWith(overage, due);
    const claims = Buffer.from('{"access_token":{"nbf":{"essential":true}}}').toString('base64');
    const challenge = `Bearer error="insufficient_claims", claims="${claims}"`;
    tiny.answers.set('/me/checkMemberObjects', {
      ...{ status: 401, headers: { 'www-authenticate': challenge }, body: {} },
    });
    expect((await failureOf(ask(instance(), due))).code).toBe('ERR_STEP_UP');
  });
});
