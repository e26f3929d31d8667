import { HttpRequest } from '@azure/functions';
import fc from 'fast-check';
import {
  readCookies,
  readNotice,
  readOverflows,
  readSessionCookie,
  readSignInCookie,
} from '../../src/cookies';
import { readRedirectRefusal } from '../../src/entra/refusals';
import { parseView } from '../../src/functions/admin';
import { parseCallback } from '../../src/functions/redirect';
import { readRequest } from '../../src/http/endpoint';
import { localPath, readForm, readQuery, wantedPage } from '../../src/http/request';
import { openSealed } from '../../src/keys/encryption';
import { parseNamedKey } from '../../src/sign-in/ending';
import { parseSignOutNotice } from '../../src/sign-in/sign-out';
import { parseStepUpRequest } from '../../src/sign-in/step-up';
import { longEnough } from '../support/auth-fixture';
import { testSite } from '../support/context-fixture';
import { type Fuzzed, query, refusalIsPlain, text, withMembers } from '../support/hostile-values';
import { ringSecret, start } from '../support/session-fixture';
import { createStaticKeyRing } from '../support/static-key-ring';

const keyRing = createStaticKeyRing(ringSecret);
const signal = longEnough();
const site = { isHttps: false, loopbackPort: 7071 };

const key43 = /^[\w-]{43}$/;
/** What one browser or server reads as a path, and another as a host, a dot segment or nothing. */
const path = fc
  .array(
    fc.constantFrom(
      ...['/', '//', '/.', '/..', '\\', '%2f', '%5c', '\t', '\n', '@', ':', '?', '#', ';'],
      ...['evil.example', 'reports', 'auth/login', 'AUTH/%6cogin', 'x'.repeat(1200), 'é', '\ud800'],
    ),
    { maxLength: 6 },
  )
  .map((parts) => `/${parts.join('')}`);
const isLocal = (path: string) => {
  const url = new URL(path, 'https://app.example');
  expect([path.startsWith('/'), url.origin]).toEqual([true, 'https://app.example']);
  expect(path).not.toMatch(/[\u0000-\u001f]/);
  expect(url.pathname).not.toMatch(/^\/(%2f|%5c)/i);
  expect(url.pathname).not.toMatch(/^\/(auth\/(login|redirect|logout|signed-out)(\/|$)|\/)/i);
  expect(Buffer.byteLength(path)).toBeLessThanOrEqual(2048);
};
/** Parsers of what a request brings, by name. */
export const requestParsers: Record<string, Fuzzed> = {
  readRequest: {
    input: fc.record({
      path: fc.webPath(),
      headers: fc.dictionary(
        fc.constantFrom(
          'accept',
          'cookie',
          'sec-fetch-mode',
          'sec-fetch-site',
          'origin',
          'x-requested-with',
        ),
        fc.string({ unit: 'grapheme-ascii' }).map((value) => value.trim()),
      ),
    }),
    run: ({ path, headers }: { path: string; headers: Record<string, string> }) => {
      const url = `http://10.0.0.1/${path.replace(/^\/+/, '')}`;
      const { requestCookies } = readRequest(
        new HttpRequest({ method: 'GET', url, headers }),
        'http://localhost',
      );
      for (const value of requestCookies.values()) {
        if (value !== undefined) expect(value).toMatch(/^[\w.-]{1,4096}$/);
      }
    },
  },
  readQuery: {
    input: query(['return_to']),
    mayThrow: 'AppError below 500',
    run: (given: URLSearchParams) => {
      const value = readQuery(given, 'return_to', 100);
      if (value !== undefined) expect(value.length).toBeLessThanOrEqual(100);
    },
  },
  localPath: {
    input: fc.oneof(text, path),
    run: (value: string) => {
      isLocal(localPath(testSite, value));
    },
  },
  wantedPage: {
    input: path,
    run: (value: string) => {
      isLocal(wantedPage(testSite, 'https://app.contoso.com', value).path);
      isLocal(
        wantedPage(testSite, 'https://app.contoso.com', `https://app.contoso.com${value}`).path,
      );
    },
  },
  readForm: {
    input: fc.record({
      type: fc.constantFrom(
        'application/json',
        'application/x-www-form-urlencoded',
        'text/plain',
        '',
        'application/json; charset=utf-16',
      ),
      body: fc.oneof(text, fc.json()),
    }),
    mayThrow: 'AppError below 500',
    run: async ({ type, body }: { type: string; body: string }) => {
      const headers = { 'content-type': type };
      const form = await readForm(
        new HttpRequest({ method: 'POST', url: 'http://a/', headers, body: { string: body } }),
      );
      for (const value of form.values()) expect(typeof value).toBe('string');
    },
  },
  parseStepUpRequest: {
    input: withMembers(
      [
        'scopes',
        'claims',
        'maxAgeSeconds',
        'keep',
        'userKey',
        'sessionKey',
        'returnPath',
        'madeAt',
        'names',
      ],
      ...[['User.Read'], [], 'A'.repeat(43), '/', '//x', start, true, '{"id_token":{}}'],
    ),
    run: (payload: unknown) => {
      const request = parseStepUpRequest(payload);
      if (request === undefined) return;
      expect([request.userKey, request.sessionKey]).toEqual([
        expect.stringMatching(key43),
        expect.stringMatching(key43),
      ]);
      expect(request.returnPath).toMatch(/^\/(?!\/)/);
    },
  },
  parseSignOutNotice: {
    input: withMembers(
      ['session', 'others', 'provider', 'until'],
      'ended',
      'none',
      'kept',
      'asked',
      'left',
      start,
    ),
    run: (content: unknown) => {
      const notice = parseSignOutNotice(content);
      if (notice !== undefined) expect(['ended', 'none', 'kept']).toContain(notice.session);
    },
  },
  parseNamedKey: {
    input: text,
    mayThrow: 'AppError below 500',
    run: (value: string) => {
      expect(parseNamedKey(value, 'user')).toMatch(key43);
    },
  },
  parseCallback: {
    input: query([
      'code',
      'state',
      'error',
      'error_description',
      'iss',
      'admin_consent',
      'hop',
      'tenant',
    ]),
    mayThrow: 'AppError below 500',
    run: (given: URLSearchParams) => {
      const callback = parseCallback(given);
      if (callback.kind === 'code') expect(callback.code).toMatch(/^[!-~]+$/);
      if (callback.kind === 'error') expect(callback.refusal.error).toMatch(/^\w{1,64}$/);
    },
  },
  readRedirectRefusal: {
    input: query(['error', 'error_description', 'error_subcode', 'error_uri']),
    run: (given: URLSearchParams) => {
      refusalIsPlain(readRedirectRefusal(given));
    },
  },
  parseView: {
    input: withMembers(
      ['search', 'sort', 'page', 'from'],
      'used',
      'name',
      '1',
      '10',
      '11',
      '1e0',
      ' 2',
    ),
    mayThrow: 'AppError below 500',
    run: (given: Record<string, unknown>) => {
      const view = parseView((name) =>
        Object.hasOwn(given, name) && typeof given[name] === 'string' ? given[name] : undefined,
      );
      expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]).toContain(view.page);
    },
  },
  readCookies: {
    input: fc
      .array(fc.oneof(text, fc.constantFrom('anteroom-7071=a.b.c', 'anteroom-7071-sign-in=x')), {
        maxLength: 8,
      })
      .map((pairs) => pairs.join('; ')),
    run: (header: string) => {
      cookiesAreOurs(header);
    },
  },
  readSessionCookie: {
    input: text,
    run: async (value: string) => {
      const cookies = readCookies(`anteroom-7071=${value}`);
      expect(
        await readSessionCookie(cookies, { keyRing, site, now: start, signal }),
      ).toBeUndefined();
    },
  },
  readNotice: {
    input: text,
    run: (value: string) =>
      readNotice(new Map([['anteroom-7071-notice-ended', value]]), 'ended', site),
  },
  readSignInCookie: {
    input: text,
    run: (value: string) => {
      expect(
        readSignInCookie(new Map([['anteroom-7071-sign-in', value]]), site) ?? 'A'.repeat(43),
      ).toMatch(key43);
    },
  },
  readOverflows: {
    input: text,
    run: (value: string) => readOverflows(new Map([['anteroom-7071-sign-in-1', value]]), site),
  },
  openSealed: {
    input: fc.oneof(
      text,
      fc
        .array(
          text.map((part) => Buffer.from(part).toString('base64url')),
          { minLength: 5, maxLength: 5 },
        )
        .map((parts) => parts.join('.')),
    ),
    run: async (sealed: string) => {
      expect(
        await openSealed('sign-in-state', sealed, { keyRing, now: start, signal }),
      ).toBeUndefined();
    },
  },
};

function cookiesAreOurs(header: string): void {
  for (const value of readCookies(header).values()) {
    if (value !== undefined) expect(value).toMatch(/^[\w.-]{1,4096}$/);
  }
}
