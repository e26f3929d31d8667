import type { JWTPayload } from 'jose';
import { adaClaims, longEnough, tokenBody } from './auth-fixture';
import { type ContextFixture, createContextFixture } from './context-fixture';
import { stopClockAt } from './fixed-clock';
import { type FunctionAnswer, FunctionBrowser, sessionCookie } from './function-browser';
import { start } from './session-fixture';
import type { TinyAnswer } from './tiny-provider';

/** The claims of an honest ID token, and a way to sign others. */
export interface Honest {
  readonly claims: JWTPayload;
  readonly token: (claims?: object, header?: Record<string, unknown>) => Promise<string>;
}

/** What the token endpoint answers. */
export type Lie = (honest: Honest) => TinyAnswer | Promise<TinyAnswer>;

export const honestAnswer: Lie = async ({ token }) => ({ body: tokenBody(await token()) });

/** The ID token failed a check, or the token answer did. */
export const refused = '502 ERR_ID_TOKEN';
export const accepted = '302 ';

/** Sign-ins through the real functions, at a provider that lies in one place. The rest of its answers is right. */
export interface FalsifiedSignIn extends Omit<ContextFixture, 'signIn'> {
  /** Begins a sign-in at whose end the token endpoint answers with `lie`. */
  begin(lie: Lie, browser?: FunctionBrowser): Promise<{ browser: FunctionBrowser; state: string }>;
  /** Lets the token endpoint answer with `lie`. The ID token of a refresh has no nonce. */
  answerWith(lie: Lie, nonce?: string): void;
  /** Status and code of an answer. Fails when they do not fit with the cookie, the stored sessions and the events. */
  outcomeOf(browser: FunctionBrowser, answer: FunctionAnswer): Promise<string>;
  /** Ends all sessions, and tells how many there were. */
  endAll(): Promise<number>;
  /** The outcome of a whole sign-in, whose session ends at once. `answer` makes the query of the redirect. */
  signIn(lie: Lie, answer?: (state: string) => Record<string, string>): Promise<string>;
}

export async function createFalsifiedSignIn(): Promise<FalsifiedSignIn> {
  // MSAL looks at the system's clock.
  stopClockAt(start);
  const fixture = await createContextFixture();
  const { tiny, services } = fixture;
  const live = async () => {
    const options = { now: fixture.now, limit: 10, signal: longEnough() };
    return (await services.sessions.listLive(options)).sessions;
  };

  const endAll = async () => {
    const sessions = await live();
    for (const { userKey } of sessions) await services.sessions.endAllOf({ userKey }, longEnough());
    return sessions.length;
  };

  const answerWith: FalsifiedSignIn['answerWith'] = (lie, nonce) => {
    tiny.token = () => {
      const ofSignIn = nonce === undefined ? {} : { nonce };
      const claims = { ...adaClaims(tiny, fixture.now), ...ofSignIn };
      const token: Honest['token'] = (own = claims, header = {}) =>
        tiny.sign(own as JWTPayload, { header });
      return lie({ claims, token });
    };
  };

  const begin: FalsifiedSignIn['begin'] = async (lie, browser = new FunctionBrowser(services)) => {
    const { searchParams } = await browser.login();
    answerWith(lie, searchParams.get('nonce') ?? '');
    return { browser, state: searchParams.get('state') ?? '' };
  };

  const outcomeOf: FalsifiedSignIn['outcomeOf'] = async (browser, answer) => {
    const isAccepted = answer.headers.get('location') === 'http://localhost:7071/reports';
    expect(browser.cookies.has(sessionCookie)).toBe(isAccepted);
    expect(await live()).toHaveLength(isAccepted ? 1 : 0);
    return `${answer.status} ${answer.code}`;
  };

  const signIn: FalsifiedSignIn['signIn'] = async (
    lie,
    answer = (state) => ({ code: 'the-code', state }),
  ) => {
    const { browser, state } = await begin(lie);
    const outcome = await outcomeOf(browser, await browser.redirect(answer(state)));
    // The next one begins with nothing.
    await endAll();
    return outcome;
  };

  return Object.assign(fixture, { begin, answerWith, outcomeOf, endAll, signIn });
}
