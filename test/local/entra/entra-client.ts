import { createHash, randomBytes } from 'node:crypto';
import { client, redirectUri, tenantId } from '../start-stand-ins';

/** Keeps cookies and follows nothing by itself, so that a test sees each answer. */
export interface PlainBrowser {
  get(address: string | URL): Promise<Response>;
  post(address: string | URL, form: Record<string, string>): Promise<Response>;
}

interface StoredCookie {
  readonly value: string;
  readonly path: string;
}

export function createPlainBrowser(): PlainBrowser {
  const cookies = new Map<string, StoredCookie>();
  const visit = async (address: string | URL, init: RequestInit): Promise<Response> => {
    const url = new URL(address);
    const sent = [...cookies]
      .filter(([, { path }]) => url.pathname.startsWith(path))
      .map(([name, { value }]) => `${name}=${value}`);
    const headers = { Cookie: sent.join('; ') };
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split('; ');
      const name = pair.slice(0, pair.indexOf('='));
      const value = pair.slice(name.length + 1);
      const path = attributes.find((part) => part.startsWith('path='))?.slice(5) ?? '/';
      if (value === '') cookies.delete(name);
      else cookies.set(name, { value, path });
    }
    return response;
  };
  return {
    get: (address) => visit(address, {}),
    post: (address, form) => visit(address, { method: 'POST', body: new URLSearchParams(form) }),
  };
}

export interface Attempt {
  readonly url: string;
  readonly codeVerifier: string;
}

/** An authorization request with fresh PKCE values; null in `changes` removes a parameter. */
export function createAttempt(
  origin: string,
  changes: Readonly<Record<string, string | null>> = {},
): Attempt {
  const codeVerifier = randomBytes(32).toString('base64url');
  const values: Readonly<Record<string, string | null>> = {
    client_id: client.id,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'openid profile offline_access User.Read',
    state: 'the-state',
    nonce: 'the-nonce',
    code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...changes,
  };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== null) query.set(name, value);
  return { url: `${origin}/${tenantId}/oauth2/v2.0/authorize?${query.toString()}`, codeVerifier };
}

/** The address an answer sends the browser to. */
export function locationOf(response: Response): URL {
  return new URL(response.headers.get('location') ?? 'missing:', response.url);
}

/** Goes through the account picker as `objectId`; gives the answer after it. */
export async function pick(
  browser: PlainBrowser,
  url: string,
  objectId: string,
): Promise<Response> {
  const picker = locationOf(await browser.get(url));
  const picked = await browser.post(picker, { user: objectId });
  return picked.status === 303 ? browser.get(locationOf(picked)) : picked;
}

/** The parameters that the app is answered with. */
export function answerOf(response: Response): URLSearchParams {
  const url = locationOf(response);
  if (url.origin + url.pathname !== redirectUri) throw new Error(`not an answer: ${url.href}`);
  return url.searchParams;
}

/** Signs in, and agrees to whatever is asked. */
export async function answerAndConsent(
  attempt: Attempt,
  objectId: string,
): Promise<URLSearchParams> {
  const browser = createPlainBrowser();
  const picked = await pick(browser, attempt.url, objectId);
  if (!locationOf(picked).pathname.includes('/sign-in/')) return answerOf(picked);
  const accepted = await browser.post(locationOf(picked), { consent: 'accept' });
  return answerOf(await browser.get(locationOf(accepted)));
}

/** Asks the token endpoint; null in `changes` removes a parameter. */
export async function askForTokens(
  origin: string,
  changes: Readonly<Record<string, string | null>>,
  init: RequestInit = {},
): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
  const values: Readonly<Record<string, string | null>> = {
    client_id: client.id,
    client_secret: client.secret,
    ...changes,
  };
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== null) form.set(name, value);
  const url = `${origin}/${tenantId}/oauth2/v2.0/token`;
  const response = await fetch(url, { ...init, method: 'POST', body: form });
  const body = (await response.json()) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, body };
}

/** The parameters that redeem the code of `answer`. */
export function redemption(answer: URLSearchParams, attempt: Attempt): Record<string, string> {
  return {
    grant_type: 'authorization_code',
    code: answer.get('code') ?? '',
    redirect_uri: redirectUri,
    code_verifier: attempt.codeVerifier,
  };
}

/** Signs `objectId` in and redeems the code: the token endpoint's answer. */
export async function signIn(
  origin: string,
  objectId: string,
  changes: Readonly<Record<string, string | null>> = {},
): Promise<Record<string, unknown>> {
  const attempt = createAttempt(origin, changes);
  const answer = answerOf(await pick(createPlainBrowser(), attempt.url, objectId));
  const { status, body } = await askForTokens(origin, redemption(answer, attempt));
  if (status !== 200) throw new Error(`no tokens: ${JSON.stringify(body)}`);
  return body;
}

/** A member that must be a text. */
export function textOf(body: Readonly<Record<string, unknown>>, name: string): string {
  const value = body[name];
  if (typeof value !== 'string') throw new Error(`${name} is not a text`);
  return value;
}
