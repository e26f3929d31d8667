import fc from 'fast-check';
import { parseJson } from '../../src/bodies';
import { parseClaimsChallenge, parseWwwAuthenticate } from '../../src/entra/claims-challenge';
import { parseProviderKeys, parseProviderMetadata } from '../../src/entra/provider-documents';
import { readTokenRefusal } from '../../src/entra/refusals';
import { AppError } from '../../src/errors';
import { decideSignIn } from '../../src/http/context';
import { readBrand } from '../../src/pages/brand';
import { parseActivityRow } from '../../src/sessions/activity';
import { parseSessionData } from '../../src/sessions/session-data';
import {
  parseSessionRow,
  parseSummary,
  parseTimes,
  parseTokensRow,
} from '../../src/sessions/session-rows';
import { readSettings, settingDefaults } from '../../src/settings';
import { readStorageFailure } from '../../src/storage/table-failures';
import { parseRow } from '../../src/storage/table-queries';
import { readProxyRules } from '../../src/tokens/apis';
import { readGroupRoles, readPhoto, readProfile, readRawProfile } from '../../src/tokens/graph';
import { readRetryAfter } from '../../src/waiting';
import { longEnough } from '../support/auth-fixture';
import {
  anything,
  type Fuzzed,
  refusalIsPlain,
  text,
  withMembers,
} from '../support/hostile-values';
import { ringSecret, start } from '../support/session-fixture';
import { createStaticKeyRing } from '../support/static-key-ring';

const keyRing = createStaticKeyRing(ringSecret);
const signal = longEnough();

const row = withMembers(
  ['data', 'data0', 'data1', 'summary', 'kid', 'createdAt', 'idleExpiresAt', 'expiresAt'],
  ...[new Date(0), new Uint8Array(0), new Uint8Array(40), Buffer.alloc(64, 1), 'not a date'],
).map(
  (properties) => ({ partitionKey: 'p'.repeat(43), rowKey: 'r', etag: '"1"', properties }) as never,
);
const ticket = {
  userKey: 'u'.repeat(43),
  sessionId: Buffer.alloc(32, 1).toString('base64url'),
  expiresAt: start,
};
const opener = async () => ({ tableName: 't', ringKey: await keyRing.current(signal), ticket });
const answer = fc
  .record({
    status: fc.constantFrom(200, 201, 204, 302, 400, 404, 429, 500, 503),
    type: fc.constantFrom('application/json', 'image/png', 'image/svg+xml', 'text/html', ''),
    body: fc.oneof(
      text,
      withMembers(['id', 'displayName', 'error'], 'Ada', 7, null).map((body) => stringify(body)),
    ),
  })
  .map(
    ({ status, type, body }) =>
      () =>
        Promise.resolve(
          new Response(status === 204 ? null : body, { status, headers: { 'content-type': type } }),
        ),
  );
const stringify = (value: unknown): string => {
  try {
    return JSON.stringify(value);
  } catch {
    return '{';
  }
};

/** Parsers of what storage, the provider, APIs, settings and the app's own code give, by name. */
export const answerParsers: Record<string, Fuzzed> = {
  parseJson: { input: text, run: (json: string) => parseJson(json) },
  readSettings: {
    input: fc.dictionary(fc.constantFrom(...Object.keys(settingDefaults)), text),
    run: (environment: Record<string, string>) => {
      const read = readSettings(environment);
      const told = 'faults' in read ? JSON.stringify(read.faults) : '';
      for (const value of Object.values(environment)) {
        // The sentences have words of their own.
        if (value.length > 40) expect(told).not.toContain(value);
      }
    },
  },
  readRetryAfter: {
    input: text,
    run: (value: string) => {
      const seconds = readRetryAfter({ get: () => value });
      if (seconds !== undefined) expect(Number.isFinite(seconds) && seconds >= 0).toBe(true);
    },
  },
  parseRow: {
    input: withMembers(['partitionKey', 'rowKey', 'etag', 'data', '__proto__'], 'k', 7, null),
    mayThrow: 'AppError 502 or 503',
    run: (entity: Record<string, unknown>) => {
      const { partitionKey, rowKey, etag } = parseRow(entity);
      for (const key of [partitionKey, rowKey, etag]) expect(typeof key).toBe('string');
    },
  },
  readStorageFailure: {
    input: anything,
    run: (error: unknown) => {
      expect(readStorageFailure(error, 'sessions').expected).toBeUndefined();
    },
  },
  parseTimes: {
    input: row,
    run: (given: never) => {
      const times = parseTimes(given);
      if (times !== undefined) expect(Object.values(times).every(Number.isFinite)).toBe(true);
    },
  },
  parseSessionRow: {
    input: row,
    run: async (given: never) => {
      expect(parseSessionRow(given, await opener())).toBeUndefined();
    },
  },
  parseSummary: {
    input: row,
    run: async (given: never) => {
      expect(parseSummary(given, await opener())).toBeUndefined();
    },
  },
  parseTokensRow: {
    input: row,
    run: async (given: never) => {
      expect(parseTokensRow(given, await opener())).toBeUndefined();
    },
  },
  parseActivityRow: {
    input: row,
    run: async (given: never) => {
      expect(parseActivityRow(given, await keyRing.current(signal), { name: 't' })).toBeUndefined();
    },
  },
  parseSessionData: {
    input: anything,
    mayThrow: 'TypeError or RangeError',
    run: (value: unknown) => {
      expect(JSON.stringify(parseSessionData(value)).length).toBeLessThanOrEqual(8192);
    },
  },
  readTokenRefusal: {
    input: withMembers(
      ['error', 'suberror', 'error_description', 'error_codes', 'claims', 'correlation_id'],
      'invalid_grant',
      'AADSTS50076: x',
      [50076],
      '{"a":1}',
    ),
    run: (body: unknown) => {
      refusalIsPlain(readTokenRefusal(body)?.refusal);
    },
  },
  readGroupRoles: {
    input: withMembers(
      ['11111111-1111-4111-8111-111111111111', 'group'],
      'reader',
      ['a', 'b'],
      [],
      '',
    ),
    mayThrow: 'TypeError',
    run: (option: never) => {
      for (const roles of readGroupRoles(option).values()) {
        expect(roles.every((role) => typeof role === 'string' && role !== '')).toBe(true);
      }
    },
  },
  readProxyRules: {
    input: fc.record({ pattern: text, path: text.map((rest) => `/${rest}`), header: text }),
    mayThrow: 'TypeError',
    run: ({ pattern, path, header }: { pattern: string; path: string; header: string }) => {
      const open = readProxyRules('proxy', {});
      try {
        open.requirePath(path);
        const url = new URL(`https://api.example/base${path}`);
        // What passes is below the base, by every way to read it.
        expect(decodeURIComponent(url.pathname)).toMatch(/^\/base\//);
        expect(decodeURIComponent(url.pathname)).not.toMatch(/\\|\/\.\.?(\/|$)|[\u0000-\u001f]/);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        expect(error.status).toBeLessThan(500);
      }
      const { requestHeaders } = readProxyRules('proxy', {
        paths: [pattern],
        requestHeaders: [header],
      });
      expect([...requestHeaders].join()).not.toMatch(/cookie|authorization|sec-|x-csrf/i);
    },
  },
  readBrand: {
    input: withMembers(
      ['name', 'logo', 'accent', 'supportUrl', 'privacyUrl', 'language', 'texts'],
      'Contoso',
      '#0f6cbd',
      '/logo.svg',
      'https://contoso.example/',
      'de',
      {},
    ).map((brand) => ({ name: 'Contoso', ...brand })),
    mayThrow: 'TypeError',
    run: (option: never) => {
      const { links, style } = readBrand(option);
      for (const { href } of links) expect(href).toMatch(/^(\/(?![/\\])|https:|mailto:)/i);
      expect(style).not.toContain('<');
    },
  },
  decideSignIn: {
    input: fc.oneof(anything, withMembers(['refuse', 'roles', 'data'], 'No.', ['reader'], {})),
    mayThrow: 'AppError 502 or 503',
    run: async (decision: never) => {
      try {
        const { roles, data } = await decideSignIn(() => decision, {} as never, signal);
        expect(roles.length).toBeLessThanOrEqual(100);
        expect(JSON.stringify(data ?? {}).length).toBeLessThanOrEqual(8192);
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'ERR_SIGN_IN_REFUSED_BY_APP') {
          throw error;
        }
      }
    },
  },
  parseClaimsChallenge: {
    input: challenges(),
    run: (header: string) => parseClaimsChallenge(header),
  },
  parseWwwAuthenticate: {
    input: challenges(),
    run: (header: string) => parseWwwAuthenticate(header),
  },
  parseProviderMetadata: {
    input: withMembers(
      ['issuer', 'authorization_endpoint', 'token_endpoint', 'jwks_uri', 'end_session_endpoint'],
      'https://login.example/t/v2.0',
      'https://login.example/x',
    ),
    mayThrow: 'AppError 502 or 503',
    run: (document: unknown) => {
      const stated = parseProviderMetadata(document, {
        issuer: 'https://login.example/t/v2.0',
        authority: 'https://login.example/t/v2.0',
      });
      expect(stated.tokenEndpoint).toMatch(/^https:[!-~]+$/);
    },
  },
  parseProviderKeys: {
    input: fc.oneof(
      anything,
      fc
        .array(
          withMembers(
            ['kty', 'n', 'e', 'kid', 'use', 'alg', 'issuer'],
            'RSA',
            'A'.repeat(342),
            'AQAB',
            'sig',
          ),
        )
        .map((keys) => ({ keys })),
    ),
    mayThrow: 'AppError 502 or 503',
    run: (document: unknown) => parseProviderKeys(document),
  },
  readProfile: {
    input: answer,
    mayThrow: 'AppError 502 or 503',
    run: async (graph: never) => {
      expect(typeof (await readProfile(graph)).id).toBe('string');
    },
  },
  readRawProfile: {
    input: answer,
    mayThrow: 'AppError 502 or 503',
    run: (graph: never) => readRawProfile(graph),
  },
  readPhoto: {
    input: answer,
    mayThrow: 'AppError 502 or 503',
    run: async (graph: never) => {
      expect((await readPhoto(graph))?.contentType ?? 'image/png').toMatch(
        /^image\/(png|jpeg|gif|webp)$/,
      );
    },
  },
};

function challenges(): fc.Arbitrary<string> {
  const part = fc.oneof(
    text,
    fc.constantFrom(
      'Bearer ',
      'error="insufficient_claims"',
      ', ',
      'claims="eyJhIjoxfQ=="',
      'realm=""',
    ),
  );
  return fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''));
}
