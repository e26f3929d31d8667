import {
  base64url,
  CompactSign,
  compactVerify,
  decodeProtectedHeader,
  SignJWT,
  UnsecuredJWT,
} from 'jose';
import {
  clearSessionCookie,
  hasSessionCookie,
  readCookies,
  readSessionCookie,
  signSessionCookie,
} from '../../src/cookies';
import { AppError } from '../../src/errors';
import { parseJson } from '../../src/bodies';
import { deriveKey, type KeyRing } from '../../src/keys/encryption';
import { createSessionId } from '../../src/sessions/session';
import { userOf } from '../support/session-fixture';
import { createStaticKeyRing } from '../support/static-key-ring';

const now = 1_800_000_000;
const signal = new AbortController().signal;
const keyRing: KeyRing = createStaticKeyRing(new Uint8Array(32).fill(1));
const foreign = createStaticKeyRing(new Uint8Array(32).fill(2));
const ticket = {
  userKey: userOf().userKey,
  sessionId: createSessionId(),
  issuedAt: now,
  expiresAt: now + 43_200,
  openedBy: 'A'.repeat(16),
};
const { userKey: u, sessionId: s } = ticket;
const claims = { u, s, iat: ticket.issuedAt, exp: ticket.expiresAt, o: ticket.openedBy };

const placeOf = (isHttps: boolean, loopbackPort?: number) => ({ isHttps, loopbackPort });
const read = (header: string | null, { at = now, isHttps = true, ring = keyRing } = {}) =>
  readSessionCookie(readCookies(header), {
    keyRing: ring,
    site: placeOf(isHttps),
    now: at,
    signal,
  });
const readValue = (value: string) => read(`__Host-Http-anteroom=${value}`);
const sign = (ring = keyRing, isHttps = true) =>
  signSessionCookie(ticket, { keyRing: ring, site: placeOf(isHttps), signal });
const genuine = async () => (await sign()).value;

/** A JWS that only somebody with the ring's key could make, with the parts given. */
async function crafted(content: unknown, header: object = {}): Promise<string> {
  const ringKey = await keyRing.current(signal);
  return new CompactSign(Buffer.from(JSON.stringify(content)))
    .setProtectedHeader({ alg: 'HS256', kid: ringKey.kid, ...header })
    .sign(deriveKey(ringKey, 'sessionCookie'), { crit: { x: true } });
}

describe('signSessionCookie', () => {
  it('is a __Host-Http- cookie on https: strict, for this host and its pages only', async () => {
    const { value, ...attributes } = await sign();

    expect(attributes).toEqual({
      name: '__Host-Http-anteroom',
      path: '/',
      httpOnly: true,
      sameSite: 'Strict',
      secure: true,
    });
    expect(value).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  });

  it('drops prefix and Secure on http, nothing else', async () => {
    const cookie = await sign(keyRing, false);

    expect(cookie).toEqual({
      name: 'anteroom',
      value: cookie.value,
      path: '/',
      httpOnly: true,
      sameSite: 'Strict',
      secure: false,
    });
  });

  it('takes less than 400 bytes, name and all', async () => {
    const { name, value } = await sign();

    expect(name.length + 1 + value.length).toBeLessThan(400);
  });

  it('is what jose verifies, by the RFC', async () => {
    const key = deriveKey(await keyRing.current(signal), 'sessionCookie');
    const { payload } = await compactVerify(await genuine(), key, { algorithms: ['HS256'] });

    expect(parseJson(payload)).toEqual(claims);
  });

  it('is HS256 and names its key', async () => {
    const { kid } = await keyRing.current(signal);

    expect(decodeProtectedHeader(await genuine())).toEqual({ alg: 'HS256', kid });
  });
});

describe('readSessionCookie', () => {
  it('gives back the ticket', async () => {
    expect(await readValue(await genuine())).toEqual(ticket);
  });

  it('looks under the name of its place only', async () => {
    const value = await genuine();

    expect(await read(`anteroom=${value}`)).toBeUndefined();
    expect(await read(`anteroom=${value}`, { isHttps: false })).toEqual(ticket);
    expect(await read(`__Host-Http-anteroom=${value}`, { isHttps: false })).toBeUndefined();
  });

  it('is undefined from the second of its expiry', async () => {
    const header = `__Host-Http-anteroom=${await genuine()}`;

    expect(await read(header, { at: ticket.expiresAt - 1 })).toEqual(ticket);
    expect(await read(header, { at: ticket.expiresAt })).toBeUndefined();
  });

  it('is undefined for a doubled cookie, alike or not', async () => {
    const value = await genuine();

    expect(
      await read(`__Host-Http-anteroom=${value}; __Host-Http-anteroom=${value}`),
    ).toBeUndefined();
  });

  it.each<[string, (value: string) => string | Promise<string>]>([
    ['nothing', () => ''],
    ['text', () => 'hello'],
    ['dots', () => '..'],
    ['a changed header', (value) => value.replace(/^e/, 'f')],
    ['a changed payload', (value) => change(value, 1)],
    ['a changed signature', (value) => change(value, 2)],
    ['no signature', (value) => value.replace(/[^.]*$/, '')],
    ['a missing part', (value) => value.replace(/\.[^.]*$/, '')],
    ['a part too many', (value) => `${value}.${value}`],
    ['a cut end', (value) => value.slice(0, -1)],
    ['a cut beginning', (value) => value.slice(1)],
    ['another user under the same signature', (value) => withPayload(value, { u: 'A'.repeat(43) })],
    ['a later expiry under the same signature', (value) => withPayload(value, { exp: now * 2 })],
    ['over 4096 characters', (value) => `${value}${'A'.repeat(4096)}`],
    ['the same signature in another form', (value) => otherForm(value)],
    ['a member more in the header', (value) => withHeader(value, { typ: 'JWT' })],
    ['alg none', () => new UnsecuredJWT(claims).encode()],
    ['alg none with our kid', async () => unsecured({ alg: 'none', kid: await ourKid() })],
    ['alg None in other case', async () => unsecured({ alg: 'None', kid: await ourKid() })],
    ['HS512 under our key', () => crafted(claims, { alg: 'HS512' })],
    ['no alg', async () => unsecured({ kid: await ourKid() })],
    ['no kid', () => crafted(claims, { kid: undefined })],
    ['an unknown kid', () => crafted(claims, { kid: '0.AAAAAAAA' })],
    ['a kid that is no name', () => crafted(claims, { kid: '../../etc/passwd' })],
    ['a kid that is no text', () => crafted(claims, { kid: 1 })],
    ['an unknown critical extension', () => crafted(claims, { crit: ['x'], x: 1 })],
    ['another ring', async () => (await sign(foreign)).value],
    ['another key under our kid', () => underOurKid()],
    ['a key of another use', () => ofAnotherUse()],
    ['a public-key algorithm', (value) => withHeader(value, { alg: 'RS256' })],
  ])('is undefined for %s', async (_, forge) => {
    expect(await readValue(await forge(await genuine()))).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['no user', { ...claims, u: undefined }],
    ['a short user key', { ...claims, u: 'A'.repeat(42) }],
    ['a long user key', { ...claims, u: 'A'.repeat(44) }],
    ['a user key with other characters', { ...claims, u: `${'A'.repeat(42)}'` }],
    ['a user that is no text', { ...claims, u: [u] }],
    ['no session', { ...claims, s: undefined }],
    ['a short session id', { ...claims, s: 'A'.repeat(42) }],
    ['no expiry', { ...claims, exp: undefined }],
    ['an expiry that is text', { ...claims, exp: `${now + 1}` }],
    ['an expiry that is no whole number', { ...claims, exp: now + 0.5 }],
    ['an endless expiry', { ...claims, exp: 1e300 }],
    ['no beginning', { ...claims, iat: undefined }],
    ['null', null],
    ['a list', [claims]],
    ['a text', 'claims'],
  ])('is undefined for a signed payload with %s', async (_, content) => {
    expect(await readValue(await crafted(content))).toBeUndefined();
  });

  it('is undefined for a signed payload that is no JSON', async () => {
    const ringKey = await keyRing.current(signal);
    const value = await new CompactSign(Buffer.from('{'))
      .setProtectedHeader({ alg: 'HS256', kid: ringKey.kid })
      .sign(deriveKey(ringKey, 'sessionCookie'));

    expect(await readValue(value)).toBeUndefined();
  });

  it('takes what is crafted well, so that the refusals above mean something', async () => {
    expect(await readValue(await crafted(claims))).toEqual(ticket);
  });

  it('reads cookies of an older key as long as the ring knows it', async () => {
    const old = await keyRing.current(signal);
    const turned: KeyRing = {
      current: (ofRequest) => foreign.current(ofRequest),
      find: async (kid, ofRequest) => (kid === old.kid ? old : await foreign.find(kid, ofRequest)),
    };

    expect(await read(`__Host-Http-anteroom=${await genuine()}`, { ring: turned })).toEqual(ticket);
    const { value } = await sign(turned);
    expect(await read(`__Host-Http-anteroom=${value}`, { ring: turned })).toEqual(ticket);
    expect(await readValue(value)).toBeUndefined();
  });

  it('says so when the ring cannot be read, instead of signing everybody out', async () => {
    const down: KeyRing = {
      current: () => Promise.reject(new AppError('ERR_KEYS_UNAVAILABLE')),
      find: () => Promise.reject(new AppError('ERR_KEYS_UNAVAILABLE')),
    };

    await expect(
      read(`__Host-Http-anteroom=${await genuine()}`, { ring: down }),
    ).rejects.toMatchObject({
      code: 'ERR_KEYS_UNAVAILABLE',
    });
    expect(await read('other=1', { ring: down })).toBeUndefined();
  });
});

describe('hasSessionCookie', () => {
  it.each([
    ['__Host-Http-anteroom=x', true, true],
    ['__Host-anteroom=x', true, false],
    ['__Host-Http-anteroom=x', false, false],
    ['anteroom=x', false, true],
    ['anteroom=x', true, false],
    ['__Host-Http-anteroom=; a=1', true, true],
    ['a=1,__Host-Http-anteroom=x', true, false],
    ['__Host-Http-anteroom-attempt-abc=x', true, false],
    ['', true, false],
  ])('%s with https %s: %s', (header, isHttps, expected) => {
    expect(hasSessionCookie(readCookies(header), placeOf(isHttps))).toBe(expected);
  });

  it.each([
    ['anteroom-7071=x', false, 7071, true],
    ['anteroom-7071=x', false, 7072, false],
    ['anteroom=x', false, 7071, false],
    ['__Host-Http-anteroom-8443=x', true, 8443, true],
  ])('%s with https %s on port %s of this machine: %s', (header, isHttps, port, expected) => {
    expect(hasSessionCookie(readCookies(header), placeOf(isHttps, port))).toBe(expected);
  });
});

describe('signSessionCookie, for a session that stays', () => {
  it('lets the cookie live as long as the session', async () => {
    const options = { keyRing, site: placeOf(true), signal };
    const kept = await signSessionCookie(ticket, { ...options, isPersistent: true });
    expect(kept).toEqual({ ...(await sign()), maxAge: ticket.expiresAt - ticket.issuedAt });
    expect(await sign()).not.toHaveProperty('maxAge');
  });
});

describe('clearSessionCookie', () => {
  it('removes exactly the cookie that was set', async () => {
    expect(clearSessionCookie(placeOf(true))).toEqual({ ...(await sign()), value: '', maxAge: 0 });
    expect(clearSessionCookie(placeOf(false))).toMatchObject({
      name: 'anteroom',
      secure: false,
      maxAge: 0,
    });
  });
});

function change(value: string, index: number): string {
  const parts = value.split('.');
  const part = parts[index] ?? '';
  return parts
    .with(index, part.startsWith('A') ? `B${part.slice(1)}` : `A${part.slice(1)}`)
    .join('.');
}

/** The last character of 32 bytes in base64url has two bits that mean nothing. */
function otherForm(value: string): string {
  const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = characters.indexOf(value.at(-1) ?? '');
  return value.slice(0, -1) + (characters[last ^ 1] ?? '');
}

function withPayload(value: string, more: object): string {
  return value
    .split('.')
    .with(1, base64url.encode(JSON.stringify({ ...claims, ...more })))
    .join('.');
}

function withHeader(value: string, more: object): string {
  const header = { ...decodeProtectedHeader(value), ...more };
  return value
    .split('.')
    .with(0, base64url.encode(JSON.stringify(header)))
    .join('.');
}

function unsecured(header: object): string {
  return `${base64url.encode(JSON.stringify(header))}.${base64url.encode(JSON.stringify(claims))}.`;
}

async function ourKid(): Promise<string> {
  return (await keyRing.current(signal)).kid;
}

async function underOurKid(): Promise<string> {
  const { secret } = await foreign.current(signal);
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', kid: await ourKid() })
    .sign(deriveKey({ kid: await ourKid(), secret }, 'sessionCookie'));
}

async function ofAnotherUse(): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', kid: await ourKid() })
    .sign(deriveKey(await keyRing.current(signal), 'stepUp'));
}
