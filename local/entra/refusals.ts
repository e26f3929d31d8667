import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { errors } from 'oidc-provider';
import { isString } from '../loopback/control';
import {
  b2cErrors,
  type EntraErrorFacts,
  type EntraErrorNumber,
  entraErrors,
} from './error-numbers';
import type { EntraFaults, OrderedRefusal } from './faults';
import { cloudOf, type EntraShape } from './tenants';

/** Makes the provider's refusals. */
export interface Refusals {
  /** An answer of the token endpoint. `correlationId` is the one that the caller sent. */
  atToken(refusal: OrderedRefusal, correlationId?: string): RefusalAnswer;
  /**
   * The parameters of a redirect to the app.
   * @param error the `error` that the protocol demands, if it does
   */
  atRedirect(refusal: OrderedRefusal, error?: string): Readonly<Record<string, string>>;
  /** The text for a page. */
  text(number: EntraErrorNumber): string;
}

/** An answer of the token endpoint. */
interface RefusalAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * Refusals in the words of `shape`, in the form that the faults say now.
 *
 * When Conditional Access was evaluated, Microsoft Entra ID adds the ids of the policies as `claims` to
 * refusals of any kind, `invalid_client` too. It does not mean that a step-up helps.
 */
export function createRefusals(shape: EntraShape, faults: EntraFaults): Refusals {
  return shape === 'b2c' ? createB2cRefusals() : createEntraRefusals(cloudOf(shape).login, faults);
}

/** @param login the host of the sign-in, which `error_uri` names */
function createEntraRefusals(login: string, faults: EntraFaults): Refusals {
  const errorUriOf = (number: number): Readonly<Record<string, string>> => {
    const { value } = faults.errorUri;
    const host = value === 'login.microsoftonline.com' ? login : value;
    return host === 'none' ? {} : { error_uri: `https://${host}/error?code=${number}` };
  };
  return {
    atToken(refusal, correlationId) {
      if (isString(refusal.code)) return b2cToken(refusal, correlationId);
      const facts = factsOf(refusal);
      const number = refusal.code;
      const trace = traceOf(correlationId);
      const claims = refusal.claims ?? (faults.policyClaims.value ? policyClaims : '');
      return {
        status: facts.status,
        headers: {
          ...(facts.retryAfter === undefined ? {} : { 'Retry-After': facts.retryAfter }),
          ...tokenHeaders(number, trace.traceId),
        },
        body: {
          error: facts.error,
          error_description: describe(faults, refusal, trace),
          error_codes: codesOf(refusal),
          timestamp: trace.timestamp,
          trace_id: trace.traceId,
          correlation_id: trace.correlationId,
          ...(facts.hasErrorUri === false ? {} : errorUriOf(number)),
          ...(facts.suberror === undefined ? {} : { suberror: facts.suberror }),
          ...(claims === '' ? {} : { claims }),
        },
      };
    },
    atRedirect(refusal, error) {
      if (isString(refusal.code)) return b2cRedirect(refusal);
      return {
        error: error ?? errorAtRedirect(refusal),
        error_description: describe(faults, refusal, traceOf()),
        ...errorUriOf(refusal.code),
        ...(refusal.code === 65004 ? { error_subcode: 'cancel' } : {}),
      };
    },
    text: (number) => describe(faults, { code: number }, traceOf()),
  };
}

/** Azure AD B2C has only the description: no numbers, traces or addresses. */
function createB2cRefusals(): Refusals {
  return {
    atToken: (refusal, correlationId) => b2cToken(asB2c(refusal), correlationId),
    atRedirect: (refusal) => b2cRedirect(asB2c(refusal)),
    text: (number) => describeB2c(asB2c({ code: number }), traceOf()),
  };
}

function b2cToken(refusal: OrderedRefusal, correlationId?: string): RefusalAnswer {
  const facts = factsOf(refusal);
  const error_description = describeB2c(refusal, traceOf(correlationId));
  return { status: facts.status, headers: {}, body: { error: facts.error, error_description } };
}

function b2cRedirect(refusal: OrderedRefusal): Readonly<Record<string, string>> {
  return {
    error: errorAtRedirect(refusal),
    error_description: describeB2c(refusal, traceOf()),
  };
}

function asB2c(refusal: OrderedRefusal): OrderedRefusal {
  if (isString(refusal.code)) return refusal;
  const names: Readonly<Record<number, string | undefined>> = b2cNames;
  return { ...refusal, code: names[refusal.code] ?? 'AADB2C90085' };
}

/** What the refusal itself says wins over what is known of its code. */
function factsOf(refusal: OrderedRefusal): EntraErrorFacts {
  const tables: Readonly<Record<string, EntraErrorFacts | undefined>> = {
    ...entraErrors,
    ...b2cErrors,
  };
  const { error = 'invalid_grant', text = 'The request was refused.' } = refusal;
  const known = tables[refusal.code] ?? {
    status: error === 'invalid_client' ? 401 : 400,
    error,
    text,
  };
  const { status, suberror, retryAfter } = refusal;
  return {
    ...known,
    ...(status === undefined ? {} : { status }),
    ...(refusal.error === undefined ? {} : { error, atRedirect: error }),
    ...(suberror === undefined ? {} : { suberror }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(refusal.text === undefined ? {} : { text }),
  };
}

// RFC 6749 4.1.2.1: `invalid_grant` is an error of the token endpoint only.
function errorAtRedirect(refusal: OrderedRefusal): string {
  const { atRedirect, error } = factsOf(refusal);
  return atRedirect ?? (error === 'invalid_grant' ? 'access_denied' : error);
}

function codesOf(refusal: OrderedRefusal): readonly number[] {
  if (refusal.codes !== undefined) return refusal.codes;
  const { generic } = factsOf(refusal);
  const own = Number(refusal.code);
  return generic === undefined ? [own] : [generic, own];
}

type Trace = ReturnType<typeof traceOf>;

/** `AADSTS50011: …`; a generic number comes first, as it does in `error_codes`. */
function describe(faults: EntraFaults, refusal: OrderedRefusal, trace: Trace): string {
  const generic = codesOf(refusal).filter((code) => code !== refusal.code);
  const said = [
    ...generic.map((code) => `AADSTS${code}: Error validating credentials.`),
    `AADSTS${refusal.code}: ${factsOf(refusal).text}`,
  ].join(' ');
  return [
    said,
    `Trace ID: ${trace.traceId}`,
    `Correlation ID: ${trace.correlationId}`,
    `Timestamp: ${trace.timestamp}`,
  ].join(faults.errorLayout.value === 'lines' ? '\r\n' : ' ');
}

function describeB2c(refusal: OrderedRefusal, trace: Trace): string {
  const { code } = refusal;
  const said = `${code}: ${factsOf(refusal).text}`;
  return `${said}\r\nCorrelation ID: ${trace.correlationId}\r\nTimestamp: ${trace.timestamp}\r\n`;
}

function traceOf(correlationId: string = randomUUID()) {
  const timestamp = new Date().toISOString().replace('T', ' ').replace(/\.\d+/, '');
  return { traceId: randomUUID(), correlationId, timestamp };
}

/** The caller's id for a request. It is sent back as correlation id. MSAL puts it in the query. */
export function correlationIdOf(headers: IncomingHttpHeaders, url: URL): string | undefined {
  const header = headers['client-request-id'];
  if (typeof header === 'string') return header;
  return url.searchParams.get('client-request-id') ?? undefined;
}

/**
 * Headers of every answer of the token endpoint.
 * @param number of the refusal; 0 when it is none
 */
export function tokenHeaders(
  number: number,
  requestId: string = randomUUID(),
): Readonly<Record<string, string | string[]>> {
  const attributes = 'path=/; secure; samesite=none; httponly';
  return {
    'Cache-Control': 'no-store, no-cache',
    Pragma: 'no-cache',
    Expires: '-1',
    'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
    'X-Content-Type-Options': 'nosniff',
    P3P: 'CP="DSP CUR OTPi IND OTRi ONL FIN"',
    'x-ms-request-id': requestId,
    'x-ms-ests-server': '2.1.0 - stand-in',
    'x-ms-clitelem': `1,${number},0,,`,
    'x-ms-srs': '1.P',
    'Set-Cookie': [
      `fpc=${randomBytes(16).toString('base64url')}; ${attributes}`,
      `x-ms-gateway-slice=estsfd; ${attributes}`,
      `stsservicecookie=estsfd; ${attributes}`,
    ],
  };
}

const policyClaims = JSON.stringify({
  access_token: {
    capolids: { essential: true, values: ['c9a7e1d0-0000-4000-8000-00000a57e700'] },
  },
});

/** Thrown inside the provider for a refusal with this number. */
export class EntraRefusal extends errors.OIDCProviderError {
  readonly number: EntraErrorNumber;
  /** A claims request (JSON text) that the next sign-in must carry. */
  readonly claims: string | undefined;

  /** `error` of the answer, if it is not the usual one for this number. */
  readonly otherError: string | undefined;

  constructor(number: EntraErrorNumber, claims?: string, otherError?: string) {
    super(entraErrors[number].status, otherError ?? entraErrors[number].error);
    this.number = number;
    this.claims = claims;
    this.otherError = otherError;
  }
}

/** Which error of oidc-provider gets which number. The pattern is for its code and text. */
const translations: readonly (readonly [RegExp, EntraErrorNumber])[] = [
  [/invalid_redirect_uri/, 50011],
  [/code_verifier|code_challenge does/, 501481],
  [/PKCE|code_challenge/, 9002325],
  [/already consumed|already used/, 54005],
  [/is expired/, 70008],
  [/redirect_uri mismatch/, 500112],
  [/account not found/, 50057],
  [/client not found|invalid_client .*client is invalid/, 700016],
  [/^invalid_client /, 7000215],
  [/^unsupported_grant_type /, 70003],
  [/^invalid_scope /, 70011],
  [/^invalid_grant /, 70000],
];

/** The number that Microsoft Entra ID would give for an error of oidc-provider. */
export function entraErrorNumberOf(error: unknown): EntraErrorNumber {
  if (error instanceof EntraRefusal) return error.number;
  if (!(error instanceof errors.OIDCProviderError)) return 90033;
  const words = `${error.error} ${error.error_description ?? ''} ${error.error_detail ?? ''}`;
  return translations.find(([pattern]) => pattern.test(words))?.[1] ?? 90014;
}

/** The code of Azure AD B2C for a number of Microsoft Entra ID; AADB2C90085 for all others. */
const b2cNames: Readonly<Partial<Record<keyof typeof entraErrors, keyof typeof b2cErrors>>> = {
  50011: 'AADB2C90006',
  50057: 'AADB2C90128',
  50058: 'AADB2C90077',
  54005: 'AADB2C90080',
  65001: 'AADB2C90077',
  65004: 'AADB2C90091',
  70000: 'AADB2C90088',
  70003: 'AADB2C90086',
  70008: 'AADB2C90080',
  70011: 'AADB2C90117',
  500121: 'AADB2C90091',
  501481: 'AADB2C90183',
  700005: 'AADB2C90088',
  700016: 'AADB2C90068',
  7000215: 'AADB2C90081',
  7000218: 'AADB2C90079',
};
