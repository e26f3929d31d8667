import { isOfTheApp, meaningOf } from '../entra/refusal-table';
import type { ErrorCode } from '../error-facts';
import {
  AppError,
  BearerError,
  errorWord,
  type ProviderRefusal,
  TenantRefusedError,
} from '../errors';
import type { EventFacts, EventHead, EventLog, NewEvent } from '../events';
import type { SettingFault } from '../settings';
import type { Clock } from '../waiting';
import type { FaultySettings, RequestContext } from './context';

/** Writes one event for a failed request. */
export function logError({ tell, visitor }: RequestContext, error: AppError): void {
  tell(eventOfError(error, visitor.person?.userKey));
}

const faultSeconds = 10;

/**
 * Makes a function that writes an event for each setting that has a fault, at most once in ten seconds. Every request meets the
 * same faults, and anybody can send requests.
 */
export function createFaultTeller(
  events: Pick<EventLog, 'tell'>,
  faults: readonly SettingFault[],
  clock: Clock,
): FaultySettings['tellFaults'] {
  let toldAt: number | undefined;
  return (invocation) => {
    const now = clock();
    // A clock that is set right may go back.
    if (toldAt !== undefined && now >= toldAt && now < toldAt + faultSeconds) return;
    toldAt = now;
    for (const { name: setting, fault } of faults) {
      const facts = { code: 'ERR_SETTINGS', setting, fault };
      events.tell({ event: 'configuration fault', outcome: 'failed', ...facts }, invocation);
    }
  };
}

/**
 * The event of an error; one that is no `AppError` is ERR_INTERNAL. A refusal of the provider has its number, and the correlation id that finds it in the provider's
 * log. Every other error has its code and note. A fault has its causes too, and where they were thrown.
 * @param by user key of the person, if it is known
 */
export function eventOfError(thrown: unknown, by?: string): NewEvent {
  const error =
    thrown instanceof AppError ? thrown : new AppError('ERR_INTERNAL', { cause: thrown });
  const refusal = refusalIn(error);
  const head = refusal === undefined ? headOfError(error) : headOfRefusal(error, refusal);
  return { ...head, by, ...factsOfError(error), ...(refusal && factsOfRefusal(refusal)) };
}

function headOfRefusal({ code, status }: AppError, refusal: ProviderRefusal): EventHead {
  if (code === 'ERR_STEP_UP') return { event: 'step-up', outcome: 'asked' };
  const outcome = status >= 500 || isOfTheApp(refusal) ? 'failed' : 'refused';
  if (refusal.where === 'app') return { event: 'app token refused', outcome };
  if (refusal.where === 'refresh') return { event: 'refresh refused', outcome };
  return { event: 'sign-in refused', outcome };
}

function headOfError(error: AppError): EventHead {
  if (error instanceof BearerError) return { event: 'bearer token refused', outcome: 'refused' };
  const known = (headOfCode as Readonly<Record<string, EventHead>>)[error.code];
  if (known !== undefined) return known;
  return error.status >= 500
    ? { event: 'request failed', outcome: 'failed' }
    : { event: 'request refused', outcome: 'refused' };
}

const tenantRefused = { event: 'tenant refused', outcome: 'refused' } as const;
const signInRefused = { event: 'sign-in failed', outcome: 'refused' } as const;
const providerTrouble = { event: 'provider trouble', outcome: 'failed' } as const;
const apiTrouble = { event: 'API trouble', outcome: 'failed' } as const;
const storageTrouble = { event: 'storage trouble', outcome: 'failed' } as const;

/** Every other code is a request that was refused, or failed, by its status. */
const headOfCode: Partial<Record<ErrorCode, EventHead>> = {
  ERR_SETTINGS: { event: 'configuration fault', outcome: 'failed' },
  ERR_ROLE_MISSING: { event: 'role denied', outcome: 'refused' },
  ERR_BEARER_TOKEN: { event: 'bearer token refused', outcome: 'refused' },
  ERR_CONSENT_DECLINED: signInRefused,
  ERR_SIGN_IN_UNSOLICITED: signInRefused,
  ERR_SIGN_IN_LOST: signInRefused,
  ERR_SIGN_IN_REFUSED: signInRefused,
  ERR_SIGN_IN_EXPIRED: signInRefused,
  ERR_SIGN_IN_REFUSED_BY_APP: { event: 'hook refused', outcome: 'refused' },
  ERR_SIGN_IN_CHECK_FAILED: { event: 'hook failed', outcome: 'failed' },
  ERR_ID_TOKEN: { event: 'sign-in failed', outcome: 'failed' },
  ERR_TOO_MANY_ROLES: { event: 'sign-in failed', outcome: 'failed' },
  ERR_TOKEN_SIZE: { event: 'sign-in failed', outcome: 'failed' },
  ERR_WRONG_TENANT: tenantRefused,
  ERR_TENANT_NOT_ALLOWED: tenantRefused,
  ERR_PERSONAL_ACCOUNT: tenantRefused,
  ERR_OTHER_ISSUER: { event: 'issuer refused', outcome: 'refused' },
  ERR_STEP_UP: { event: 'step-up', outcome: 'asked' },
  ERR_STEP_UP_UNMET: { event: 'step-up', outcome: 'refused' },
  ERR_PROVIDER_UNAVAILABLE: providerTrouble,
  ERR_PROVIDER_MISMATCH: providerTrouble,
  ERR_PROVIDER_REFUSED: providerTrouble,
  ERR_CLOCK: providerTrouble,
  ERR_GROUPS_UNAVAILABLE: apiTrouble,
  ERR_GROUPS_REFUSED: apiTrouble,
  ERR_API_UNAVAILABLE: apiTrouble,
  ERR_API_REFUSED: apiTrouble,
  ERR_API_SETTINGS: apiTrouble,
  ERR_STORAGE_UNAVAILABLE: storageTrouble,
  ERR_STORAGE_LIMIT: storageTrouble,
  ERR_KEYS_UNAVAILABLE: { event: 'keys trouble', outcome: 'failed' },
};

function factsOfError(error: AppError): EventFacts {
  const { code, note, api, status, cause } = error;
  // The note of a refusal repeats its name and number.
  const isTold = refusalIn(error) !== undefined;
  return {
    code,
    note: isTold ? undefined : note,
    causes: status >= 500 && !isTold ? causesOf(cause) : undefined,
    api,
    tenant: error instanceof TenantRefusedError ? error.tenantId : undefined,
  };
}

function factsOfRefusal(refusal: ProviderRefusal): EventFacts {
  const { where, error, suberror, number, correlationId: correlation } = refusal;
  return { kind: meaningOf(refusal).kind, where, error, suberror, number, correlation };
}

const maxCauses = 4;

/** The provider's refusal in an error or in one of its causes. `undefined` when there is none. */
export function refusalIn(error: AppError): ProviderRefusal | undefined {
  let found: unknown = error;
  for (let depth = 0; found instanceof Error && depth < maxCauses; depth += 1) {
    if (found instanceof AppError && found.refusal !== undefined) return found.refusal;
    found = found.cause;
  }
  return undefined;
}

/**
 * The chain of causes, each with its name, code and place, and with the note where the error is our own: Key Vault's 403 is
 * only there. Messages of libraries are left out, because they may quote input.
 */
function causesOf(first: unknown): readonly string[] | undefined {
  const texts: string[] = [];
  let cause = first;
  for (let depth = 0; cause instanceof Error && depth < maxCauses; depth += 1) {
    const code = 'code' in cause ? errorWord(cause.code) : undefined;
    const note = cause instanceof AppError && cause.note !== undefined ? `: ${cause.note}` : '';
    const name = `${errorWord(cause.name) ?? 'Error'}${code === undefined ? '' : ` ${code}`}`;
    texts.push(`${name}${note}${firstFrame(cause)}`);
    cause = cause.cause;
  }
  return texts.length === 0 ? undefined : texts;
}

/** The first frame of an error's stack. The message is skipped, because one of its lines may look like a frame. */
function firstFrame({ stack = '', message }: Error): string {
  const start = stack.indexOf(message);
  const frame = start < 0 ? null : /^ +(at .*)$/m.exec(stack.slice(start + message.length));
  return frame === null ? '' : ` ${frame[1] ?? ''}`;
}
