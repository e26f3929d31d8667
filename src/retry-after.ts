import type { ErrorCode } from './error-facts';
import { AppError, type ProviderRefusal } from './errors';

/** The headers of an answer: `Headers` of fetch, or those of an Azure SDK. */
interface HeaderReader {
  get(name: string): string | null | undefined;
}

/** The longest wait: a wrong header must not keep people out for a day. */
const longestWaitSeconds = 3600;

/**
 * The seconds that a service asks its callers to wait, an hour at most; `undefined` where it does not say. A date is
 * compared with the service's own `Date`, so that its clock and ours may differ.
 * @see RFC 9110 section 10.2.3
 */
export function readRetryAfter(headers: HeaderReader): number | undefined {
  const asked = headers.get('retry-after')?.trim() ?? '';
  if (/^\d+$/.test(asked)) return Math.min(Number(asked), longestWaitSeconds);
  // Each of the three forms begins with the day of the week.
  if (!/^[A-Z][a-z]{2,8},? /.test(asked)) return undefined;
  const seconds = Math.ceil((Date.parse(asked) - Date.parse(headers.get('date') ?? '')) / 1000);
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 0), longestWaitSeconds);
}

/** A service is busy and named a time. It gets no request before, and the client gets that time. */
export class AskedToWaitError extends AppError {
  readonly waitSeconds: number;

  /** @param waitSeconds what is left of the time that the service named */
  constructor(
    code: ErrorCode,
    waitSeconds: number,
    options: { readonly note?: string; readonly refusal?: ProviderRefusal },
  ) {
    // A client that came back after no time at all would only be sent away again.
    super(code, { ...options, retryAfterSeconds: Math.max(waitSeconds, 1) });
    this.waitSeconds = waitSeconds;
  }
}
