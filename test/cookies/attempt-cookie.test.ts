import type { Cookie } from '@azure/functions';
import { createAttempt } from '../../src/auth/sign-in-attempt';
import type { SignInAttempt } from '../../src/auth/sign-in-attempt';
import * as attemptCookie from '../../src/cookies/attempt-cookie';
import { readCookies } from '../../src/cookies/read-cookie';
import { createStaticKeyRing } from '../support/static-key-ring';
import { seal } from '../../src/keys/sealed-value';

const now = 1_800_000_000;
const signal = new AbortController().signal;
const keyRing = createStaticKeyRing(new Uint8Array(32).fill(1));
const foreign = createStaticKeyRing(new Uint8Array(32).fill(2));
const place = { isHttps: true, loopbackPort: undefined };
const options = { keyRing, place, now, signal };
type Options = typeof options;
const { clearAttemptCookie } = attemptCookie;
const addAttemptCookie = (header: string | null, attempt: SignInAttempt, given: Options) =>
  attemptCookie.addAttemptCookie(readCookies(header), attempt, given);
const readAttemptCookie = (header: string | null, state: string, given: Options) =>
  attemptCookie.readAttemptCookie(readCookies(header), state, given);

const attemptAt = (startedAt: number, wishes: Partial<Parameters<typeof createAttempt>[0]> = {}) =>
  createAttempt({ returnPath: '/deep?a=1', round: 0, scopes: ['User.Read'], ...wishes }, startedAt);
const add = (attempt: SignInAttempt, header: string | null = null) =>
  addAttemptCookie(header, attempt, { ...options, now: attempt.startedAt });
const headerOf = (cookies: readonly Cookie[]) =>
  cookies.map(({ name, value }) => `${name}=${value}`).join('; ');

/** A browser's cookies: what a response sets or clears. */
function apply(jar: ReadonlyMap<string, string>, cookies: readonly Cookie[]): Map<string, string> {
  const next = new Map(jar);
  for (const { name, value, maxAge } of cookies) {
    if (maxAge === 0) next.delete(name);
    else next.set(name, value);
  }
  return next;
}
const jarHeader = (jar: ReadonlyMap<string, string>) =>
  [...jar].map(([name, value]) => `${name}=${value}`).join('; ');

describe('addAttemptCookie', () => {
  it('sets one strict __Host- cookie for ten minutes, named after the state', async () => {
    const attempt = attemptAt(now);
    const cookies = await add(attempt);

    expect(cookies).toEqual([
      {
        name: expect.stringMatching(/^__Host-anteroom-attempt-[\w-]{16}$/) as unknown,
        value: expect.stringMatching(/^[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+$/) as unknown,
        path: '/',
        httpOnly: true,
        sameSite: 'Strict',
        secure: true,
        maxAge: 3600,
      },
    ]);
    expect(cookies[0]?.name).not.toContain(attempt.state.slice(0, 8));
  });

  it('drops prefix and Secure on http', async () => {
    const [cookie] = await addAttemptCookie(null, attemptAt(now), {
      ...options,
      place: { ...place, isHttps: false },
    });

    expect(cookie?.name).toMatch(/^anteroom-attempt-/);
    expect(cookie?.secure).toBe(false);
  });

  it('fits 2 KiB with a return path of 1024 bytes', async () => {
    const returnPath = `/${'x'.repeat(1023)}`;
    const [cookie] = await add(attemptAt(now, { returnPath, prompt: 'select_account' }));

    expect((cookie?.name.length ?? 0) + (cookie?.value.length ?? 0)).toBeLessThanOrEqual(2048);
  });

  it('refuses what would be over 2 KiB', async () => {
    await expect(add(attemptAt(now, { claims: 'x'.repeat(1500) }))).rejects.toMatchObject({
      code: 'ERR_BAD_REQUEST',
    });
  });

  it('keeps five at most: the oldest goes', async () => {
    let jar = new Map<string, string>();
    const attempts = [3, 1, 0, 2, 4, 5, 6].map((age) => attemptAt(now - age));
    const inOrder = attempts.toSorted((one, other) => one.startedAt - other.startedAt);
    for (const attempt of inOrder) {
      jar = apply(jar, await addAttemptCookie(jarHeader(jar), attempt, options));
    }
    const found = await Promise.all(
      inOrder.map(({ state }) => readAttemptCookie(jarHeader(jar), state, options)),
    );

    expect(jar.size).toBe(5);
    expect(found.map((kept) => kept !== undefined)).toEqual([
      false,
      false,
      true,
      true,
      true,
      true,
      true,
    ]);
  });

  it('the oldest is the one that began first, wherever it stands in the header', async () => {
    const ages = [10, 50, 20, 30, 40];
    const cookies = await Promise.all(ages.map((age) => add(attemptAt(now - age))));
    const header = headerOf(cookies.flat());

    const cleared = (await add(attemptAt(now), header)).filter(({ maxAge }) => maxAge === 0);

    expect(cleared.map(({ name }) => name)).toEqual([cookies[1]?.[0]?.name]);
  });

  it('clears expired ones and those nobody can read, and leaves other cookies alone', async () => {
    const expired = await add(attemptAt(now - 600));
    const live = await add(attemptAt(now - 599));
    const strange = await addAttemptCookie(null, attemptAt(now), { ...options, keyRing: foreign });
    const doubled = await add(attemptAt(now));
    const broken = '__Host-anteroom-attempt-AAAAAAAAAAAAAAAA=rubbish';
    const header = `${headerOf([...expired, ...live, ...strange, ...doubled, ...doubled])}; ${broken}; __Host-anteroom=x; other=y`;

    const cookies = await addAttemptCookie(header, attemptAt(now), options);
    const cleared = cookies.filter(({ maxAge }) => maxAge === 0);

    expect(cleared.map(({ name }) => name)).toEqual([
      ...[...expired, ...strange, ...doubled].map(({ name }) => name),
      '__Host-anteroom-attempt-AAAAAAAAAAAAAAAA',
    ]);
    expect(cleared.every(({ value, path, secure }) => value === '' && path === '/' && secure)).toBe(
      true,
    );
    expect(cookies).toHaveLength(cleared.length + 1);
  });

  it('never echoes a planted name that the host could not send', async () => {
    const planted = [
      '__Host-anteroom-attempt-',
      '__Host-anteroom-attempt-short',
      '__Host-anteroom-attempt-ab(cdefgh)ijklmn',
      '__Host-anteroom-attempt-ääääääääääääääää',
    ];
    const header = planted.map((name) => `${name}=x`).join('; ');

    expect(await addAttemptCookie(header, attemptAt(now), options)).toHaveLength(1);
  });

  it('does not clear hundreds of planted cookies in one answer', async () => {
    const header = Array.from(
      { length: 300 },
      (_, index) => `__Host-anteroom-attempt-${`${index}`.padStart(16, 'A')}=x`,
    ).join('; ');

    expect((await addAttemptCookie(header, attemptAt(now), options)).length).toBeLessThan(30);
  });
});

describe('readAttemptCookie', () => {
  it.each<[string, Partial<Parameters<typeof createAttempt>[0]>]>([
    ['a plain one', {}],
    ['one with a prompt', { prompt: 'none' }],
    ['one of the second round', { round: 1 }],
    ['one without scopes', { scopes: [] }],
    [
      'a step-up',
      {
        stepUp: { userKey: 'u'.repeat(43) },
        scopes: ['User.Read', 'https://graph.microsoft.com/Mail.Read'],
        claims: '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}',
      },
    ],
  ])('gives back %s as it was', async (_, wishes) => {
    const attempt = attemptAt(now, wishes);
    const header = headerOf(await add(attempt));

    expect(await readAttemptCookie(header, attempt.state, options)).toEqual({ attempt });
  });

  it('finds each of several by its own state', async () => {
    const attempts = [attemptAt(now), attemptAt(now), attemptAt(now)];
    const cookies = await Promise.all(attempts.map((attempt) => add(attempt)));
    const header = headerOf(cookies.flat());

    for (const attempt of attempts) {
      expect(await readAttemptCookie(header, attempt.state, options)).toEqual({ attempt });
    }
  });

  it('an expired one only tells the return path', async () => {
    const attempt = attemptAt(now);
    const header = headerOf(await add(attempt));
    const at = (later: number) =>
      readAttemptCookie(header, attempt.state, { ...options, now: now + later });

    expect(await at(599)).toEqual({ attempt });
    expect(await at(600)).toEqual({ expired: true, returnPath: '/deep?a=1' });
    expect(await at(3599)).toEqual({ expired: true, returnPath: '/deep?a=1' });
    expect(await at(3600)).toBeUndefined();
  });

  it('is undefined for another state, even under its name', async () => {
    const [one, other] = [attemptAt(now), attemptAt(now)];
    const [cookie] = await add(one);
    const [otherCookie] = await add(other);
    const moved = `${otherCookie?.name ?? ''}=${cookie?.value ?? ''}`;

    expect(await readAttemptCookie(headerOf(await add(one)), other.state, options)).toBeUndefined();
    expect(await readAttemptCookie(moved, other.state, options)).toBeUndefined();
    expect(await readAttemptCookie(moved, one.state, options)).toBeUndefined();
  });

  it('is undefined for a changed round of the same state', async () => {
    const attempt = attemptAt(now);
    const header = headerOf(await add(attempt));

    expect(
      await readAttemptCookie(header, attempt.state.replace(/0$/, '1'), options),
    ).toBeUndefined();
  });

  it('is undefined for what another app, another purpose or nobody sealed', async () => {
    const attempt = attemptAt(now);
    const [cookie] = await add(attempt);
    const name = cookie?.name ?? '';
    const stepUp = await seal('step-up', { s: attempt.state }, { ...options, expiresAt: now + 9 });
    const [strange] = await addAttemptCookie(null, attempt, { ...options, keyRing: foreign });

    for (const value of [stepUp, strange?.value, 'rubbish', '']) {
      expect(await readAttemptCookie(`${name}=${value}`, attempt.state, options)).toBeUndefined();
    }
    expect(await readAttemptCookie(null, attempt.state, options)).toBeUndefined();
  });

  it.each([
    ['state', { s: 1 }],
    ['nonce', { n: undefined }],
    ['codeVerifier', { c: '' }],
    ['return path', { r: 'https://elsewhere.example/' }],
    ['start', { t: `${now}` }],
    ['scopes', { o: ['User.Read'] }],
    ['prompt', { p: 1 }],
    ['step-up user', { u: {} }],
    ['claims', { q: {} }],
  ])('is undefined when the sealed %s is not what it should be', async (_, wrong) => {
    const attempt = attemptAt(now);
    const [cookie] = await add(attempt);
    const { state: s, nonce: n, codeVerifier: c, startedAt: t } = attempt;
    const good = { s, n, c, r: '/', t, o: 'User.Read' };
    const sealed = (content: object) =>
      seal('sign-in-attempt', content, { keyRing, expiresAt: now + 600, signal });
    const header = async (content: object) => `${cookie?.name ?? ''}=${await sealed(content)}`;

    expect(await readAttemptCookie(await header(good), s, options)).toBeDefined();
    expect(
      await readAttemptCookie(await header({ ...good, ...wrong }), s, options),
    ).toBeUndefined();
  });
});

describe('clearAttemptCookie', () => {
  it('removes exactly the cookie that was set', async () => {
    const attempt = attemptAt(now);
    const [cookie] = await add(attempt);

    expect(clearAttemptCookie(attempt.state, place)).toEqual({ ...cookie, value: '', maxAge: 0 });
    expect(clearAttemptCookie(attempt.state, { ...place, isHttps: false })).toMatchObject({
      secure: false,
      maxAge: 0,
    });
  });
});
