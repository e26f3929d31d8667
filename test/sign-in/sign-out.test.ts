import {
  answerSignOut,
  notDone,
  parseSignOutNotice,
  signOut,
  type SignOutNotice,
  signOutUrl,
} from '../../src/sign-in/sign-out';
import { createRelyingParty, longEnough } from '../support/auth-fixture';
import {
  browserHeaders,
  createContextFixture,
  type ContextFixture,
} from '../support/context-fixture';
import { limits, start } from '../support/session-fixture';
import { clientId, paths, startTinyProvider, type TinyProvider } from '../support/tiny-provider';

let fixture: ContextFixture;

beforeEach(async () => {
  fixture = await createContextFixture();
});
afterEach(() => fixture.stop());

async function signOutWith(cookie: string) {
  const context = fixture.context('/auth/logout', { method: 'POST', headers: { cookie } });
  const { url, notice } = await signOut(context, {});
  return { hint: new URL(url).searchParams.get('logout_hint'), ...notice };
}

describe('signOut tells the provider whom to sign out', () => {
  it('while the session lives', async () => {
    const { cookie } = await fixture.signIn();
    expect(await signOutWith(cookie)).toMatchObject({ hint: 'hint-for-logout', session: 'ended' });
  });

  it.each([
    ['idled out', limits.idleSeconds],
    ['reached its longest life', limits.lifetimeSeconds],
  ])('after the session has %s', async (_what, seconds) => {
    const { cookie } = await fixture.signIn();
    fixture.now = start + seconds;
    expect(await signOutWith(cookie)).toMatchObject({ hint: 'hint-for-logout', session: 'none' });
  });

  it('at a second click, for a minute', async () => {
    const { cookie } = await fixture.signIn();
    await signOutWith(cookie);
    expect(await signOutWith(cookie)).toMatchObject({ hint: 'hint-for-logout', session: 'none' });
    fixture.now = start + 60;
    expect(await signOutWith(cookie)).toMatchObject({ hint: null, session: 'none' });
  });

  it('not when the session was ended elsewhere: nothing is left of it', async () => {
    const { cookie, ticket } = await fixture.signIn();
    await fixture.services.sessions.endAllOf(
      { userKey: ticket.userKey },
      AbortSignal.timeout(60_000),
    );
    expect(await signOutWith(cookie)).toMatchObject({ hint: null, session: 'none' });
  });
});

const done: SignOutNotice = { session: 'ended', others: undefined, provider: 'asked' };

describe('parseSignOutNotice', () => {
  it.each<SignOutNotice>([
    done,
    { session: 'none', others: 'kept', provider: 'left' },
    { session: 'kept', others: 'ended', provider: 'unreached', until: 1_800_000_000 },
  ])('takes back what was written: %j', (notice) => {
    expect(parseSignOutNotice(JSON.parse(JSON.stringify(notice)))).toEqual(notice);
  });

  it.each([
    null,
    'ended',
    {},
    { ...done, session: 'ENDED' },
    { ...done, session: ['ended'] },
    { ...done, others: 'some' },
    { ...done, provider: undefined },
    { ...done, until: '<b>' },
    { ...done, until: 1e15 },
    { ...done, until: 1.5 },
  ])('takes nothing else: %j', (content) => {
    expect(parseSignOutNotice(content)).toBeUndefined();
  });
});

describe('notDone', () => {
  it.each<[SignOutNotice, readonly string[]]>([
    [done, []],
    [{ ...done, session: 'none', provider: 'left' }, []],
    [{ ...done, session: 'kept' }, ['session']],
    [
      { session: 'kept', others: 'kept', provider: 'unreached' },
      ['session', 'everywhere', 'provider'],
    ],
  ])('of %j is %j', (notice, expected) => {
    expect(notDone(notice)).toEqual(expected);
  });
});

let tiny: TinyProvider;
beforeEach(async () => {
  tiny = await startTinyProvider();
});
afterEach(() => tiny.stop());

const urlFor = async (loginHint: string | undefined) => {
  const parts = createRelyingParty(tiny, () => 1);
  return new URL(
    await signOutUrl(parts, 'http://localhost:7071/auth/signed-out', loginHint, longEnough()),
  );
};

describe('signOutUrl', () => {
  it('is the end-session endpoint with hint and way back', async () => {
    const url = await urlFor('O.hint of&ada');
    expect(url.origin + url.pathname).toBe(tiny.origin + paths.logout);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: clientId,
      logout_hint: 'O.hint of&ada',
      post_logout_redirect_uri: 'http://localhost:7071/auth/signed-out',
    });
  });

  it('has no hint when the session has none', async () => {
    expect((await urlFor(undefined)).searchParams.has('logout_hint')).toBe(false);
  });

  it('keeps the query of the endpoint, as B2C policies need', async () => {
    tiny.metadata = { end_session_endpoint: `${tiny.origin}/logout?p=b2c_1_in` };
    expect((await urlFor('h')).searchParams.get('p')).toBe('b2c_1_in');
  });

  it('is our own page when the provider has none', async () => {
    tiny.metadata = { end_session_endpoint: undefined };
    expect((await urlFor('h')).href).toBe('http://localhost:7071/auth/signed-out');
  });
});

let answerFixture: ContextFixture;

beforeAll(async () => {
  answerFixture = await createContextFixture();
});
afterAll(() => answerFixture.stop());

const everythingDone = { notDone: [], until: undefined };
const ours = 'http://localhost:7071/auth/signed-out';

function answered(headers: Record<string, string>, url: string) {
  const context = answerFixture.context('/auth/logout', { method: 'POST', headers });
  const answer = answerSignOut(context, { url, ...everythingDone });
  return { status: answer.status, headers: new Headers(answer.headers) };
}

describe('answerSignOut', () => {
  const agents = {
    safari:
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15',
    firefox: 'Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0',
    chrome:
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36',
  };

  it.each([
    ['a page that goes on to the provider', browserHeaders, 'https://provider.example/logout'],
    ['a redirect to our own page', browserHeaders, ours],
    ['JSON', {}, ours],
  ])('lets browsers drop what they kept, with %s', (_name, headers, url) => {
    for (const agent of [agents.safari, agents.firefox]) {
      const answer = answered({ ...headers, 'user-agent': agent }, url);
      expect(answer.headers.get('clear-site-data')).toBe('"cache"');
    }
    expect(answered(headers, url).headers.get('clear-site-data')).toBe('"cache"');
  });

  it('does not ask Chromium, which would hold the answer up for seconds', () => {
    const answer = answered({ ...browserHeaders, 'user-agent': agents.chrome }, ours);
    expect([answer.status, answer.headers.get('clear-site-data')]).toEqual([303, null]);
  });
});
