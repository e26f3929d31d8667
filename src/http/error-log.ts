import { isOfTheApp, meaningOf } from '../entra/refusals';
import type { ErrorCode } from '../error-facts';
import { AppError, type ProviderRefusal } from '../errors';
import { keyForLogs } from '../sessions/session';
import type { RequestContext } from './context';

const maxCauses = 4;

/** Refusals of the app's own that an operator should see although the app works. */
const warnings: readonly string[] = ['ERR_WRONG_TENANT', 'ERR_OTHER_ISSUER'] satisfies ErrorCode[];

/**
 * Leaves one line in the log for a failed request. A refusal of the provider is an event of its own, `refusal {…}`, with
 * what finds it in the provider's log; all else is the code, the note and, for faults, where they arose.
 */
export function logError({ log, visitor }: RequestContext, error: AppError): void {
  const by = visitor.userKey && keyForLogs(visitor.userKey);
  const refusal = refusalIn(error);
  if (refusal !== undefined) {
    log(refusalLevel(error, refusal), `refusal ${JSON.stringify(eventOf(error, refusal, by))}`);
    return;
  }
  const line = `${describeError(error)}${by === undefined ? '' : `, user ${by}`}`;
  if (error.status >= 500) log('error', line);
  else log(warnings.includes(error.code) ? 'warn' : 'info', line);
}

/** What the provider said, when an error or what caused it is its refusal. */
export function refusalIn(error: AppError): ProviderRefusal | undefined {
  let found: unknown = error;
  for (let depth = 0; found instanceof Error && depth < maxCauses; depth += 1) {
    if (found instanceof AppError && found.refusal !== undefined) return found.refusal;
    found = found.cause;
  }
  return undefined;
}

function refusalLevel({ status }: AppError, refusal: ProviderRefusal): 'warn' | 'error' {
  return status >= 500 || isOfTheApp(refusal) ? 'error' : 'warn';
}

/** Members that are not known are left out of the JSON. */
function eventOf({ code }: AppError, refusal: ProviderRefusal, by: string | undefined) {
  const { where, error, suberror, number, correlationId } = refusal;
  return {
    event: where === 'refresh' ? 'refresh refused' : 'sign-in refused',
    code,
    kind: meaningOf(refusal).kind,
    where,
    error,
    suberror,
    number,
    correlation: correlationId,
    by,
  };
}

/** Code, note and, for faults, the chain of causes. Messages of other people's errors are left out: they may quote input. */
export function describeError(error: AppError): string {
  const parts = [error.note === undefined ? error.code : `${error.code}: ${error.note}`];
  let cause: unknown = error.status >= 500 ? error.cause : undefined;
  for (let depth = 0; cause instanceof Error && depth < maxCauses; depth += 1) {
    const code: unknown = 'code' in cause ? cause.code : undefined;
    parts.push(
      `caused by ${cause.name}${typeof code === 'string' ? ` ${code}` : ''}${siteOf(cause)}`,
    );
    cause = cause.cause;
  }
  return parts.join(', ');
}

/** Where an error arose. Only what follows the message counts, since a line of the message may look like a place. */
function siteOf({ stack = '', message }: Error): string {
  const start = stack.indexOf(message);
  const site = start < 0 ? null : /^ +(at .*)$/m.exec(stack.slice(start + message.length));
  return site === null ? '' : ` ${site[1] ?? ''}`;
}
