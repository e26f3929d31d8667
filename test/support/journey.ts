import { randomBytes } from 'node:crypto';
import type { StackOptions } from '../../local/stack/options';
import { startStack, type TestStack } from './start-stack';
import { type Page, TestBrowser } from './test-browser';

/** A stack of this test file's own, with its own table in the Azurite that all tests share. */
export function startJourney(options: StackOptions = {}): Promise<TestStack> {
  const { TEST_TABLES_CONNECTION_STRING: tablesConnectionString } = process.env;
  if (tablesConnectionString === undefined) throw new Error('the shared Azurite is not running');
  return startStack({ tablesConnectionString, tableName: freshTableName(), ...options });
}

export function freshTableName(): string {
  return `t${randomBytes(8).toString('hex')}`;
}

/** The seeded accounts by what they are for. */
export function accounts({ facts }: TestStack) {
  const [administrator, plainUser, withoutConsent, outsider, disabled, guest] = facts.users.map(
    ({ name }) => name,
  );
  return {
    administrator: administrator ?? '',
    plainUser: plainUser ?? '',
    withoutConsent: withoutConsent ?? '',
    outsider: outsider ?? '',
    disabled: disabled ?? '',
    guest: guest ?? '',
  };
}

/** Signs in by the account picker and gives the page the person lands on. */
export async function signIn(
  appUrl: string,
  account: string,
  path = '/',
): Promise<{ browser: TestBrowser; page: Page }> {
  const browser = new TestBrowser();
  const picker = await browser.open(`${appUrl}/auth/login?return_to=${encodeURIComponent(path)}`);
  return { browser, page: await browser.press(picker, account) };
}

/**
 * Signs in, with an access token that the app refreshes at its next use. The token lives for a minute: the app counts a token
 * as expired five minutes before its end, and a busy machine takes more than a second from a refresh to the call.
 */
export async function signInWithExpiredToken(
  { facts }: TestStack,
  appUrl: string,
  account: string,
): Promise<{ browser: TestBrowser; page: Page }> {
  await control(facts.entraUrl, { accessTokenSeconds: 60 });
  const signedIn = await signIn(appUrl, account);
  await resetControl(facts.entraUrl);
  return signedIn;
}

/** The name of an app's session cookie; with `rest`, of another of its cookies. Apps on this machine carry their port in it. */
export function cookieName(appUrl: string, rest = ''): string {
  const { protocol, port } = new URL(appUrl);
  return `${protocol === 'https:' ? '__Host-Http-' : ''}anteroom-${port}${rest}`;
}

/** Makes a stand-in misbehave from now on: `POST /control`. */
export async function control(
  standInUrl: string,
  change: Readonly<Record<string, unknown>>,
): Promise<void> {
  await post(`${standInUrl}/control`, change);
}

/** Takes all misbehaviour back. */
export async function resetControl(standInUrl: string): Promise<void> {
  await post(`${standInUrl}/control/reset`, {});
}

async function post(url: string, body: unknown): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
}

/** Fetches as a client that is no browser, with a browser's cookies if given. */
export async function fetchJson(
  url: string,
  browser?: TestBrowser,
  init: RequestInit = {},
): Promise<{ status: number; headers: Headers; body: unknown }> {
  const cookie = browser?.jar.getCookieStringSync(url) ?? '';
  const answer = await fetch(url, {
    redirect: 'manual',
    ...init,
    headers: {
      Accept: 'application/json',
      ...(cookie === '' ? {} : { Cookie: cookie }),
      ...Object.fromEntries(new Headers(init.headers)),
    },
  });
  const text = await answer.text();
  // Lines of JSON are no JSON.
  const isJson = /\bjson\b/.test(answer.headers.get('content-type') ?? '');
  return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : text };
}

/** The member of a JSON answer as text; '' when it has none. */
export function textOf(body: unknown, name: string): string {
  const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, name) : '';
  return typeof value === 'string' ? value : '';
}

/** The events in the log of an app, oldest first. */
export function eventsIn(log: string): readonly Readonly<Record<string, unknown>>[] {
  return [...log.matchAll(/\{"event":.*\}$/gm)].map(
    ([line]) => JSON.parse(line) as Readonly<Record<string, unknown>>,
  );
}
