import fc from 'fast-check';
import { parseJson } from '../../src/bodies';
import { parseClaimsChallenge, parseWwwAuthenticate } from '../../src/entra/claims-challenge';
import { parseProviderKeys, parseProviderMetadata } from '../../src/entra/provider-documents';
import { readTokenRefusal } from '../../src/entra/refusals';
import { parseActivityRow } from '../../src/sessions/activity';
import {
  parseSessionRow,
  parseSummary,
  parseTimes,
  parseTokensRow,
} from '../../src/sessions/session-rows';
import { readPhoto, readProfile, readRawProfile } from '../../src/tokens/graph';
import { readRetryAfter } from '../../src/waiting';
import { longEnough } from '../support/auth-fixture';
import {
  anything,
  type Fuzzed,
  jsonOf,
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
      withMembers(['id', 'displayName', 'error'], 'Ada', 7, null).map((body) => jsonOf(body)),
    ),
  })
  .map(
    ({ status, type, body }) =>
      () =>
        Promise.resolve(
          new Response(status === 204 ? null : body, { status, headers: { 'content-type': type } }),
        ),
  );
/** Parsers of what rows, the provider and APIs give, by name. */
export const answerParsers: Record<string, Fuzzed> = {
  parseJson: { input: text, run: (json: string) => parseJson(json) },
  readRetryAfter: {
    input: text,
    run: (value: string) => {
      const seconds = readRetryAfter({ get: () => value });
      if (seconds !== undefined) expect(Number.isFinite(seconds) && seconds >= 0).toBe(true);
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
