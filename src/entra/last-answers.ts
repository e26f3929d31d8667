import { AppError, type ProviderRefusal } from '../errors';
import type { Clock } from '../waiting';

/** Whether the provider accepts the app itself, by its last answers. One for each instance. It sends no request. */
export interface CredentialState {
  /** The provider refused the app: its secret has expired, or somebody disabled it. */
  refused(refusal: ProviderRefusal): void;
  /** The provider gave tokens to the app. */
  accepted(): void;
  /** The last refusal, for ten minutes or until the provider gives tokens again. */
  lastRefusal(): ProviderRefusal | undefined;
}

const keptSeconds = 600;

export function createCredentialState(clock: Clock): CredentialState {
  let last: { readonly refusal: ProviderRefusal; readonly at: number } | undefined;
  return {
    refused: (refusal) => {
      last = { refusal, at: clock() };
    },
    accepted: () => {
      last = undefined;
    },
    lastRefusal: () =>
      last !== undefined && clock() < last.at + keptSeconds ? last.refusal : undefined,
  };
}

/** The provider's clock beside ours, by its last answer. One for each instance. It sends no request. */
export interface ProviderTime {
  /** Takes the time out of the headers of an answer that came just now. Headers without a usable time change nothing. */
  note(headers: Headers): void;
  /** True when the clocks differed a minute ago or longer: somebody may have set ours right since. */
  isWorthAsking(): boolean;
  /** @throws ERR_CLOCK when the clocks differed by more than two minutes at the last answer */
  check(): void;
}

/** ID tokens are refused from one minute on. The rest is for answers that take long, and for whole seconds. */
const maxDifferenceSeconds = 120;
const askAgainSeconds = 60;

export function createProviderTime(clock: Clock): ProviderTime {
  let last: { readonly ahead: number; readonly at: number } | undefined;
  const isWrong = (): boolean => last !== undefined && Math.abs(last.ahead) > maxDifferenceSeconds;
  return {
    note: (headers) => {
      const theirs = readDate(headers);
      if (theirs !== undefined) last = { ahead: clock() - theirs, at: clock() };
    },
    // A clock that is set right may go back, behind the time of the answer.
    isWorthAsking: () => isWrong() && Math.abs(clock() - (last?.at ?? 0)) >= askAgainSeconds,
    check: () => {
      if (last === undefined || !isWrong()) return;
      const { ahead } = last;
      const where = ahead > 0 ? 'ahead of' : 'behind';
      const note = `this machine's clock is ${Math.abs(ahead)} seconds ${where} the provider's`;
      throw new AppError('ERR_CLOCK', { note });
    },
  };
}

/** The one form in which servers write a date (RFC 9110 section 5.6.7). */
const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * Epoch seconds; `undefined` for an answer that a cache kept (RFC 9111 section 5.1), since its `Date` is of the past.
 * @see RFC 9110 section 6.6.1
 */
function readDate(headers: Headers): number | undefined {
  const date = headers.get('date') ?? '';
  if (headers.has('age') || !httpDate.test(date)) return undefined;
  const seconds = Date.parse(date) / 1000;
  return Number.isNaN(seconds) ? undefined : seconds;
}
