import type { RelyingParty } from '../../src/entra/msal';
import { openTokens } from '../../src/entra/msal-cache';
import { StepUpError } from '../../src/errors';
import type { User } from '../../src/sessions/session';
import type { StoredTokens } from '../../src/sessions/session-rows';
import { finishSignIn } from '../../src/sign-in/finish';
import {
  createRefreshFlight,
  createUserTokens,
  type TokenStore,
} from '../../src/tokens/access-token';
import {
  adaClaims,
  createRelyingParty,
  failureOf,
  longEnough,
  ownAttempt,
  tokenBody,
} from '../support/auth-fixture';
import { stopClockAt } from '../support/fixed-clock';
import { start } from '../support/session-fixture';
import { startTinyProvider, type TinyProvider } from '../support/tiny-provider';

// MSAL looks at the system's clock.
const now = start;
beforeEach(() => {
  stopClockAt(now);
});

/** A store in memory that counts, with the same three outcomes as the real one. */
class MemoryTokens implements TokenStore {
  stored: StoredTokens | undefined;
  reads = 0;
  writes = 0;
  /** Happens between our read and our write, once. */
  meanwhile: (() => void) | undefined;

  readTokens(): Promise<StoredTokens | undefined> {
    this.reads += 1;
    return Promise.resolve(this.stored);
  }

  writeTokens(tokens: StoredTokens): Promise<'written' | 'conflict' | 'missing'> {
    this.writes += 1;
    this.meanwhile?.();
    this.meanwhile = undefined;
    if (this.stored === undefined) return Promise.resolve('missing');
    if (this.stored.etag !== tokens.etag) return Promise.resolve('conflict');
    this.stored = { tokenCache: tokens.tokenCache, etag: `${tokens.etag}+` };
    return Promise.resolve('written');
  }
}

let tiny: TinyProvider;
let parts: RelyingParty;
let user: User;
let store: MemoryTokens;

async function signIn(more: Record<string, unknown>): Promise<string> {
  const attempt = ownAttempt(now);
  const idToken = await tiny.sign({ ...adaClaims(tiny, now), nonce: attempt.nonce });
  tiny.token = () => ({ body: tokenBody(idToken, more) });
  const callback = { kind: 'code', state: undefined, issuer: undefined, code: 'c' } as const;
  const finished = await finishSignIn(parts, attempt, callback, { now, signal: longEnough() });
  user = finished.user;
  return finished.tokenCache;
}

const accessTokens = (tokens?: StoredTokens) =>
  createUserTokens(parts, createRefreshFlight(), {
    user,
    sessionKey: 'session-1',
    store,
    tokens,
    now,
    signal: longEnough(),
  });

beforeEach(async () => {
  tiny = await startTinyProvider();
  parts = createRelyingParty(tiny, () => now);
  store = new MemoryTokens();
  store.stored = { tokenCache: await signIn({}), etag: '1' };
  const idToken = await tiny.sign(adaClaims(tiny, now));
  let count = 0;
  tiny.token = () => {
    count += 1;
    return { body: tokenBody(idToken, { access_token: `refreshed-${count}` }) };
  };
});
afterEach(() => tiny.stop());

const expire = async () => {
  const { token } = tiny;
  store.stored = { tokenCache: await signIn({ expires_in: 1 }), etag: '1' };
  tiny.token = token;
};

describe('createUserTokens', () => {
  it('gives no token where the settings have no API and nobody names scopes', async () => {
    store.stored = { tokenCache: await signIn({}), etag: '1' };
    const without = createRelyingParty(tiny, () => now, { graphScopes: [] });
    const give = createUserTokens(without, createRefreshFlight(), {
      ...{ user, sessionKey: 'session-1', store, tokens: store.stored, now, signal: longEnough() },
    });
    expect((await failureOf(give())).code).toBe('ERR_API_SETTINGS');
    expect((await failureOf(give([]))).code).toBe('ERR_API_SETTINGS');
    expect(await give(['User.Read'])).toBe('access-token-1');
  });

  it('reads nothing until a token is asked for, and writes nothing while it lives', async () => {
    const accessToken = accessTokens();
    expect(store.reads).toBe(0);
    expect(await accessToken()).toBe('access-token-1');
    expect([store.reads, store.writes]).toEqual([1, 0]);
  });

  it('takes the cache that was read with the session, for the first token', async () => {
    const accessToken = accessTokens(store.stored);
    await accessToken();
    expect(store.reads).toBe(0);
    await accessToken();
    expect(store.reads).toBe(1);
  });

  it('stores what a refresh brought', async () => {
    await expire();
    expect(await accessTokens()()).toBe('refreshed-1');
    expect(store.stored?.tokenCache).toContain('refreshed-1');
    expect(await accessTokens()()).toBe('refreshed-1');
    expect(store.writes).toBe(1);
  });

  it('asks for the scopes it is given', async () => {
    await accessTokens()(['Mail.Read']);
    expect(tiny.forms.at(-1)?.get('scope')).toContain('Mail.Read');
  });

  it('gives another one for a token that an API has refused, if that one is some minutes old', async () => {
    const old = 'access-token-1';
    const opened = openTokens(store.stored?.tokenCache ?? '');
    expect(await accessTokens()(undefined, old)).toBe(old);
    const later = now + 300;
    stopClockAt(later);
    const give = createUserTokens(parts, createRefreshFlight(), {
      ...{ user, sessionKey: 'session-1', store, now: later, signal: longEnough() },
    });
    expect(await give()).toBe(old);
    expect(await give(undefined, old)).toBe('refreshed-1');
    expect(await give()).toBe('refreshed-1');
    // The API refuses every token: nobody asks the provider at each call.
    expect(await give(undefined, 'refreshed-1')).toBe('refreshed-1');
    // Another request was first; or another instance, while this one still remembers the old token.
    expect(await give(undefined, old)).toBe('refreshed-1');
    const remembering = createUserTokens(parts, createRefreshFlight(), {
      ...{ user, sessionKey: 'session-1', store, now: later, signal: longEnough(), opened },
    });
    expect(await remembering()).toBe(old);
    expect(await remembering(undefined, old)).toBe('refreshed-1');
    expect(store.writes).toBe(1);
  });

  it('does not give the refused one, which another instance stored once more meanwhile', async () => {
    const later = now + 300;
    stopClockAt(later);
    const stored = store.stored?.tokenCache ?? '';
    store.meanwhile = () => {
      store.stored = { tokenCache: stored, etag: '2' };
    };
    const give = (): ReturnType<typeof createUserTokens> =>
      createUserTokens(parts, createRefreshFlight(), {
        ...{ user, sessionKey: 'session-1', store, now: later, signal: longEnough() },
      });
    const old = await give()();
    expect(await give()(undefined, old)).toBe('refreshed-1');
    expect(await give()()).toBe('refreshed-1');
  });

  it('asks once in five minutes for another one, also when the provider does not answer', async () => {
    const later = now + 300;
    const old = 'access-token-1';
    stopClockAt(later);
    let asked = 0;
    tiny.token = () => {
      asked += 1;
      return { status: 500, body: {} };
    };
    const give = (): ReturnType<typeof createUserTokens> =>
      createUserTokens(parts, createRefreshFlight(), {
        ...{ user, sessionKey: 'session-1', store, now: later, signal: longEnough() },
      });
    const first = await give()(undefined, old);
    const once = asked;
    expect([first, await give()(undefined, old), asked]).toEqual([old, old, once]);
  });

  it("uses another instance's tokens when that one was first", async () => {
    await expire();
    const { token } = tiny;
    const other = await signIn({ access_token: 'of-the-other-instance' });
    tiny.token = token;
    store.meanwhile = () => {
      store.stored = { tokenCache: other, etag: '2' };
    };
    expect(await accessTokens()()).toBe('of-the-other-instance');
    expect(store.stored).toEqual({ tokenCache: other, etag: '2' });
  });

  it('uses its own when what is stored is of no use', async () => {
    await expire();
    const expired = store.stored?.tokenCache ?? '';
    store.meanwhile = () => {
      store.stored = { tokenCache: expired, etag: '2' };
    };
    expect(await accessTokens()()).toBe('refreshed-1');
  });

  describe('when the provider refuses the scopes of one API for good', () => {
    const refusal = { status: 400, body: { error: 'invalid_grant', error_codes: [99999] } };
    /** Refuses `scope` alone. */
    const refuseOnly = (scope: string) => {
      const { token } = tiny;
      tiny.token = (form) => (form.get('scope')?.includes(scope) === true ? refusal : token(form));
    };

    it('asks the person to go there for them, and the session is not over', async () => {
      refuseOnly('api://orders/Read');
      const failure = await failureOf(accessTokens()(['api://orders/Read']));
      expect(failure).toBeInstanceOf(StepUpError);
      expect(failure).toHaveProperty('stepUp', { scopes: ['api://orders/Read'] });
      expect(failure).toHaveProperty('cause.refusal.number', 'AADSTS99999');
      expect(await accessTokens()()).toBe('access-token-1');
    });

    it('takes the session for over when it refuses those of the sign-in too', async () => {
      tiny.token = () => refusal;
      const failure = await failureOf(accessTokens()(['api://orders/Read']));
      expect(failure.code).toBe('ERR_SIGNED_OUT');
      expect(tiny.forms.at(-1)?.get('scope')).toContain('User.Read');
    });

    it('knows nothing when those of the sign-in cannot be asked for', async () => {
      tiny.token = (form) =>
        form.get('scope')?.includes('api://') === true ? refusal : { status: 503, body: {} };
      const failure = await failureOf(accessTokens()(['api://orders/Read']));
      expect(failure.code).toBe('ERR_PROVIDER_UNAVAILABLE');
    });

    it('asks once where they are those of the sign-in', async () => {
      await expire();
      tiny.forms.length = 0;
      tiny.token = () => refusal;
      expect((await failureOf(accessTokens()())).code).toBe('ERR_SIGNED_OUT');
      expect(tiny.forms).toHaveLength(1);
    });
  });

  it('gives no token to a session that was ended before', async () => {
    store.stored = undefined;
    expect((await failureOf(accessTokens()())).code).toBe('ERR_SIGNED_OUT');
  });

  it('gives no token to a session that was ended during the refresh', async () => {
    await expire();
    store.meanwhile = () => {
      store.stored = undefined;
    };
    expect((await failureOf(accessTokens()())).code).toBe('ERR_SIGNED_OUT');
    expect(store.stored).toBeUndefined();
  });
});
