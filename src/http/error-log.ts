import { isOfTheApp, meaningOf } from '../entra/refusals';
import type { ErrorCode } from '../error-facts';
import { AppError, type ProviderRefusal, TenantRefusedError } from '../errors';
import { keyForLogs } from '../sessions/session';
import type { RequestContext } from './context';

/** Errors that an operator should see although the app works. */
const warnings: readonly string[] = [
  'ERR_WRONG_TENANT',
  'ERR_OTHER_ISSUER',
  'ERR_SIGN_IN_REFUSED_BY_APP',
] satisfies ErrorCode[];

/**
 * Writes one line to the log for a failed request. A refusal of the provider is written as `refusal {…}`, with the
 * correlation id that finds it in the provider's log, or with the tenant that the settings do not let in. Every other error is written as its code and note; a fault also has
 * its causes and where they were thrown.
 */
export function logError({ log, visitor }: RequestContext, error: AppError): void {
  const by = visitor.userKey && keyForLogs(visitor.userKey);
  const refusal = refusalIn(error);
  if (refusal !== undefined) {
    log(refusalLevel(error, refusal), `refusal ${JSON.stringify(eventOf(error, refusal, by))}`);
    return;
  }
  if (error instanceof TenantRefusedError) {
    const { code, tenantId: tenant } = error;
    const event = { event: 'sign-in refused', code, kind: 'tenant', tenant };
    log('warn', `refusal ${JSON.stringify(event)}`);
    return;
  }
  const line = `${describeError(error)}${by === undefined ? '' : `, user ${by}`}`;
  if (error.status >= 500) log('error', line);
  else log(warnings.includes(error.code) ? 'warn' : 'info', line);
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

function refusalLevel({ status }: AppError, refusal: ProviderRefusal): 'warn' | 'error' {
  return status >= 500 || isOfTheApp(refusal) ? 'error' : 'warn';
}

/** Unknown members are `undefined`, so the JSON leaves them out. */
function eventOf({ code }: AppError, refusal: ProviderRefusal, by: string | undefined) {
  const { where, error, suberror, number, correlationId } = refusal;
  return {
    event: where === 'app' || where === 'refresh' ? `${where} refused` : 'sign-in refused',
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

/** Code, note and, for a fault, the chain of causes. Messages of libraries are left out, because they may quote input. */
export function describeError(error: AppError): string {
  const texts = [error.note === undefined ? error.code : `${error.code}: ${error.note}`];
  let cause: unknown = error.status >= 500 ? error.cause : undefined;
  for (let depth = 0; cause instanceof Error && depth < maxCauses; depth += 1) {
    const code: unknown = 'code' in cause ? cause.code : undefined;
    texts.push(
      `caused by ${cause.name}${typeof code === 'string' ? ` ${code}` : ''}${firstFrame(cause)}`,
    );
    cause = cause.cause;
  }
  return texts.join(', ');
}

/** The first frame of an error's stack. The message is skipped, because one of its lines may look like a frame. */
function firstFrame({ stack = '', message }: Error): string {
  const start = stack.indexOf(message);
  const frame = start < 0 ? null : /^ +(at .*)$/m.exec(stack.slice(start + message.length));
  return frame === null ? '' : ` ${frame[1] ?? ''}`;
}
