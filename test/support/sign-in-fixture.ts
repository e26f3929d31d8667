import { randomBytes } from 'node:crypto';
import type { HttpResponseInit } from '@azure/functions';
import type { FoundSession } from '../../src/sessions/session-store';
import { parseCallback } from '../../src/functions/redirect';
import {
  type AttemptSecrets,
  attemptSecrets,
  createAttempt,
  findAttempt,
  sealAttempt,
} from '../../src/sign-in/attempt';
import { completeSignIn } from '../../src/sign-in/finish';
import { adaClaims, longEnough, tokenBody } from './auth-fixture';
import type { ContextFixture, TestContext } from './context-fixture';
import { start } from './session-fixture';

/** A sign-in as a browser began it. */
export interface Begun extends AttemptSecrets {
  readonly state: string;
  /** The `Cookie` header of that browser. */
  readonly cookie: string;
}

export type AttemptOptions = Partial<Parameters<typeof createAttempt>[0]>;

/** Begins a sign-in that leads to `/reports?a=1#row-17`. */
export async function beginAttempt(
  fixture: ContextFixture,
  asked: AttemptOptions = {},
  keptRest = true,
): Promise<Begun> {
  const secret = randomBytes(32).toString('base64url');
  const attempt = createAttempt(
    { returnPath: '/reports?a=1#row-17', retries: 0, ...asked },
    secret,
    fixture.now,
  );
  const options = { keyRing: fixture.services.keyRing, signal: longEnough() };
  const { state, overflow } = await sealAttempt(attempt, options);
  const restPair =
    overflow === undefined || !keptRest ? '' : `; anteroom-7071-sign-in-1=1.${overflow}`;
  const cookie = `anteroom-7071-sign-in=${secret}${restPair}`;
  return { state, cookie, ...(await attemptSecrets(state, secret, options)) };
}

/** The request with which the provider's answer to `begun` comes, with these cookies. */
export function answerOf(
  fixture: ContextFixture,
  { state }: Pick<Begun, 'state'>,
  cookie: string,
  answer = 'code=the-code',
): TestContext {
  return fixture.context(`/auth/redirect?hop=1&${answer}&state=${state}`, {
    headers: { accept: 'text/html', ...(cookie === '' ? {} : { cookie }) },
  });
}

/** Finishes the sign-in of such a request. */
export async function complete(context: TestContext): Promise<HttpResponseInit> {
  const attempt = await findAttempt(context);
  const callback = parseCallback(context.query);
  if (callback.kind !== 'code' && callback.kind !== 'error') throw new Error('no answer');
  return completeSignIn(context, callback, attempt);
}

/** Lets the provider vouch for Ada. */
export function grantAda(
  fixture: ContextFixture,
  { nonce }: Pick<Begun, 'nonce'>,
  more: Record<string, unknown> = {},
): void {
  fixture.tiny.token = async () => ({
    body: tokenBody(
      await fixture.tiny.sign({ ...adaClaims(fixture.tiny, fixture.now), nonce, ...more }),
    ),
  });
}

/** The session that the answer to a request opened. */
export async function openedBy(
  fixture: ContextFixture,
  { cookies }: TestContext,
): Promise<FoundSession | undefined> {
  const { value = '' } = cookies.find(({ name }) => name === 'anteroom-7071') ?? {};
  const payload: unknown = JSON.parse(
    Buffer.from(value.split('.')[1] ?? '', 'base64url').toString(),
  );
  const { u: userKey, s: sessionId } = Object(payload) as { u: string; s: string };
  const ticket = { userKey, sessionId, issuedAt: start, expiresAt: start + 43_200 };
  return fixture.services.sessions.readWithTokens(ticket, start, longEnough());
}
