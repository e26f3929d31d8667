import { randomBytes } from 'node:crypto';
import { type KeyRing, seal } from '../../src/keys/encryption';
import {
  attemptSecrets,
  createAttempt,
  isAttemptLive,
  isBegunBy,
  openAttempt,
  sealAttempt,
  type SignInAttempt,
} from '../../src/sign-in/attempt';
import { createStaticKeyRing } from '../support/static-key-ring';

const now = 1_800_000_000;
const signal = new AbortController().signal;
const keyRing = createStaticKeyRing(new Uint8Array(32).fill(1));
const secret = randomBytes(32).toString('base64url');
const userKey = 'u'.repeat(43);

type Options = Partial<Parameters<typeof createAttempt>[0]>;
const attemptOf = (options: Options = {}) =>
  createAttempt({ returnPath: '/reports?a=1#row-17', retries: 0, ...options }, secret, now);
const sealIt = (attempt: SignInAttempt, isShort = false) =>
  sealAttempt(attempt, { keyRing, signal, isShort });
const openIt = (state: string, overflows: readonly string[] = [], at = now) =>
  openAttempt(state, overflows, { keyRing, now: at, signal });

/** Text that hardly compresses. */
const noise = (length: number) => randomBytes(length).toString('base64url').slice(0, length);
const longClaims = (length: number) =>
  JSON.stringify({ access_token: { acrs: { essential: true, value: noise(length - 60) } } });

describe('an attempt in state', () => {
  it('comes back as it was, from state alone', async () => {
    const attempt = attemptOf({
      retries: 1,
      prompt: 'none',
      keep: true,
      asked: { scopes: ['Mail.Read'], claims: '{"access_token":{}}', maxAgeSeconds: 300, userKey },
    });
    const { state, overflow } = await sealIt(attempt);
    expect(overflow).toBeUndefined();
    expect(await openIt(state)).toEqual({ ...attempt, isPartial: false, isIncomplete: false });
  });

  it('opens for ninety days, so that a bookmark of the provider’s page still leads somewhere', async () => {
    const { state } = await sealIt(attemptOf());
    expect(await openIt(state, [], now + 90 * 86_400 - 1)).toBeDefined();
    expect(await openIt(state, [], now + 90 * 86_400)).toBeUndefined();
  });

  it.each([
    ['a path of 600 bytes that hardly compresses', `/${noise(599)}`],
    ['a path of 2 KB of words', `/${'reports/2027/'.repeat(157)}`],
    ['a path of 900 bytes that hardly compresses', `/${noise(899)}`],
  ])('holds %s in less than 1,300 characters', async (_name, returnPath) => {
    const { state, overflow } = await sealIt(attemptOf({ returnPath }));
    expect(overflow).toBeUndefined();
    expect(state.length).toBeLessThanOrEqual(1300);
    expect(await openIt(state)).toMatchObject({ returnPath, isPartial: false });
  });

  it('leaves a page that does not fit to a cookie, and knows its path without', async () => {
    const returnPath = `/reports?q=${noise(2000)}`;
    const { state, overflow: overflow = '' } = await sealIt(attemptOf({ returnPath }));
    expect(state.length).toBeLessThanOrEqual(450);
    expect(overflow.length).toBeLessThan(4000);
    expect(await openIt(state, [overflow])).toMatchObject({ returnPath, isPartial: false });
    const without = await openIt(state);
    expect(without).toMatchObject({ returnPath: '/reports', isPartial: true, isIncomplete: false });
  });

  it('leaves long claims to a cookie rather than the page', async () => {
    const asked = { scopes: [], claims: longClaims(1900), userKey };
    const { state, overflow: overflow = '' } = await sealIt(attemptOf({ asked }));
    expect(await openIt(state, [overflow])).toMatchObject({ asked, isIncomplete: false });
    expect(await openIt(state)).toMatchObject({
      returnPath: '/reports?a=1#row-17',
      isPartial: false,
      isIncomplete: true,
    });
  });

  it('leaves both to it where both are long', async () => {
    const asked = { scopes: ['Mail.Read'], claims: longClaims(800), userKey };
    const returnPath = `/reports?q=${noise(2000)}`;
    const { state, overflow: overflow = '' } = await sealIt(attemptOf({ asked, returnPath }));
    expect(state.length).toBeLessThanOrEqual(450);
    expect(await openIt(state, [overflow])).toMatchObject({ asked, returnPath, isPartial: false });
    expect(await openIt(state)).toMatchObject({ isPartial: true, isIncomplete: true });
  });

  it('is as short as it can be when it is told to', async () => {
    const returnPath = `/${noise(599)}`;
    const { state, overflow: overflow = '' } = await sealIt(attemptOf({ returnPath }), true);
    expect(state.length).toBeLessThanOrEqual(450);
    expect(await openIt(state, [overflow])).toMatchObject({ returnPath });
  });

  it('takes no rest of another attempt', async () => {
    const long = () => attemptOf({ returnPath: `/mine?q=${noise(2000)}` });
    const [mine, other] = [await sealIt(long()), await sealIt(long())];
    const opened = await openIt(mine.state, [other.overflow ?? '', 'garbage', mine.state]);
    expect(opened).toMatchObject({ returnPath: '/mine', isPartial: true });
  });

  it('remembers that its page is only a part of the wanted one', async () => {
    const { state } = await sealIt(attemptOf({ returnPath: '/reports', isPartial: true }));
    expect(await openIt(state)).toMatchObject({ returnPath: '/reports', isPartial: true });
  });

  it.each(['', 'abc', `${'A'.repeat(43)}.0`, 'a.b.c.d.e'])('is none in %j', async (state) => {
    expect(await openIt(state)).toBeUndefined();
  });

  it.each<[string, object]>([
    ['nothing', {}],
    ['another round', { n: 3 }],
    ['another origin', { r: 'https://evil.example' }],
    ['no page', { r: undefined }],
    ['a time that is none', { t: 'now' }],
    ['claims that are none', { s: '', c: '[]' }],
    ['a scope that is none', { s: 'a"b' }],
    ['an age that is none', { s: '', a: '300' }],
  ])('is none with %s inside', async (_name, spoilt) => {
    const good = { i: 'id', h: 'hash', t: now, n: 0, r: '/' };
    const content = _name === 'nothing' ? {} : { ...good, ...spoilt };
    const options = { keyRing, expiresAt: now + 600, signal };
    expect(await openIt(await seal('sign-in-state', good, options))).toBeDefined();
    expect(await openIt(await seal('sign-in-state', content, options))).toBeUndefined();
    expect(await openIt(await seal('step-up', good, options))).toBeUndefined();
  });

  it('is live for ten minutes', () => {
    expect(isAttemptLive({ startedAt: now }, now + 599)).toBe(true);
    expect(isAttemptLive({ startedAt: now }, now + 600)).toBe(false);
  });
});

describe('isBegunBy', () => {
  it('knows the browser by its cookie, and nobody without one', () => {
    const attempt = attemptOf();
    expect(isBegunBy(attempt, secret)).toBe(true);
    expect(isBegunBy(attempt, randomBytes(32).toString('base64url'))).toBe(false);
    expect(isBegunBy(attempt, undefined)).toBe(false);
    expect(isBegunBy({ ...attempt, browser: 'short' }, secret)).toBe(false);
  });
});

describe('attemptSecrets', () => {
  const secretsOf = (state: string, browserSecret = secret, ring: KeyRing = keyRing) =>
    attemptSecrets(state, browserSecret, { keyRing: ring, signal });

  it('gives nonce and verifier of 32 bytes, the same at the start and at the end', async () => {
    const { state } = await sealIt(attemptOf());
    const secrets = await secretsOf(state);
    expect(secrets).toEqual(await secretsOf(state));
    for (const value of Object.values(secrets)) expect(value).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(secrets.nonce).not.toBe(secrets.codeVerifier);
  });

  it('gives others to another browser, for another state, and under another key', async () => {
    const { state } = await sealIt(attemptOf());
    const { state: another } = await sealIt(attemptOf());
    const renamed = {
      ...(await keyRing.current(signal)),
      secret: new Uint8Array(32).fill(2),
    };
    const otherRing = { ...keyRing, find: () => Promise.resolve(renamed) };
    const all = [
      await secretsOf(state),
      await secretsOf(state, randomBytes(32).toString('base64url')),
      await secretsOf(another),
      await secretsOf(state, secret, otherRing),
    ].flatMap(({ nonce, codeVerifier }) => [nonce, codeVerifier]);
    expect(new Set(all).size).toBe(8);
  });

  it('go by the key that sealed state: a new key between start and end changes nothing', async () => {
    const { state } = await sealIt(attemptOf());
    const next = createStaticKeyRing(new Uint8Array(32).fill(9));
    const rotated: KeyRing = {
      current: (deadline) => next.current(deadline),
      find: (kid, deadline) => keyRing.find(kid, deadline),
    };
    expect(await openAttempt(state, [], { keyRing: rotated, now, signal })).toBeDefined();
    expect(await secretsOf(state, secret, rotated)).toEqual(await secretsOf(state));
  });
});
