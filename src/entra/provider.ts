import { AppError } from '../errors';
import { abortable, type Clock, createSingleFlight } from '../waiting';
import {
  createPausingFetch,
  type FetchDocument,
  type FoundKey,
  isWorkforceTenant,
  parseProviderKeys,
  parseProviderMetadata,
  type ProviderMetadata,
  type ProviderOptions,
  type SigningKey,
  unavailable,
} from './provider-documents';

/** What an instance knows of the provider, shared by all requests. */
export interface Provider {
  /**
   * The checked metadata, fetched when first needed and once a day.
   * @throws ERR_PROVIDER_UNAVAILABLE, or ERR_PROVIDER_MISMATCH when it is another provider
   */
  metadata(signal: AbortSignal): Promise<ProviderMetadata>;
  /**
   * The keys that may have signed a token with this header; empty when there is none. For an unknown `kid` the keys are
   * fetched again at once, at most once a minute: providers change keys without notice.
   * @throws ERR_PROVIDER_UNAVAILABLE when the key may exist but cannot be looked up
   */
  findKeys(header: KeyHeader, signal: AbortSignal): Promise<readonly FoundKey[]>;
  /** The provider's time, by its answers. */
  readonly time: ProviderTime;
  /**
   * Compares our clock with the provider's. It asks the provider only when nothing is known yet, and once a minute while
   * the clocks differ.
   * @throws ERR_CLOCK when they differ by more than two minutes
   */
  checkClock(signal: AbortSignal): Promise<void>;
}

/** The header of a JWT, as far as it chooses the key. */
interface KeyHeader {
  readonly alg: string;
  readonly kid?: string | undefined;
}

interface Known {
  readonly metadata: ProviderMetadata;
  readonly keys: readonly SigningKey[];
  readonly fetchedAt: number;
}

const keptSeconds = 86_400;
const retrySeconds = 60;

/** A provider that fetches nothing until it is asked. */
export function createProvider(options: ProviderOptions): Provider {
  const { clock } = options;
  const time = createProviderTime(clock);
  const fetchJson = createPausingFetch(clock, time.note, options.log);
  const flight = createSingleFlight<Known>('ERR_PROVIDER_UNAVAILABLE');
  let known: Known | undefined;
  /** After a failed renewal, the last good set is used until then. Otherwise each request would wait for nothing. */
  let renewAt = 0;
  let keysFetchAt = 0;
  let keysFetchFailed = false;

  async function fetchAll(): Promise<Known> {
    try {
      // A domain name can move to another tenant. The people of that tenant must not get in by that alone.
      const issuer = known?.metadata.issuer ?? options.issuer;
      known = await fetchKnown({ ...options, issuer }, fetchJson);
    } catch (error) {
      renewAt = clock() + retrySeconds;
      throw error;
    }
    return known;
  }

  async function fetchKeys(last: Known): Promise<Known> {
    keysFetchAt = clock() + retrySeconds;
    keysFetchFailed = true;
    const keys = await parseProviderKeys(await fetchJson(last.metadata.keysUri));
    keysFetchFailed = false;
    known = { ...(known ?? last), keys };
    return known;
  }

  async function current(signal: AbortSignal): Promise<Known> {
    const last = known;
    if (last === undefined) return flight.run('all', fetchAll, signal);
    if (clock() < Math.max(last.fetchedAt + keptSeconds, renewAt)) return last;
    return flight.run('all', fetchAll, signal).catch(() => last);
  }

  async function findKeys(header: KeyHeader, signal: AbortSignal): Promise<readonly FoundKey[]> {
    const last = await current(signal);
    const found = keysFor(header, last.keys);
    if (found.length > 0 || header.kid === undefined) return found;
    if (flight.isRunning('keys') || clock() >= keysFetchAt) {
      const newest = await flight.run('keys', () => fetchKeys(last), signal);
      return keysFor(header, newest.keys);
    }
    if (keysFetchFailed) throw unavailable('the keys could not be fetched');
    return keysFor(header, (known ?? last).keys);
  }

  const checkClock = createClockCheck(time, current, () => fetchJson(metadataUrl(options)));
  const metadata: Provider['metadata'] = async (signal) => (await current(signal)).metadata;
  return { metadata, findKeys, time, checkClock };
}

/** The provider's clock beside ours, by its last answer. One for each instance. It sends no request. */
interface ProviderTime {
  /** Takes the time out of the headers of an answer that came just now. Headers without a usable time change nothing. */
  readonly note: (headers: Headers) => void;
  /** True when the clocks differed a minute ago or longer: somebody may have set ours right since. */
  isWorthAsking(): boolean;
  /** @throws ERR_CLOCK when the clocks differed by more than two minutes at the last answer */
  check(): void;
}

/** ID tokens are refused from one minute on. The rest is for answers that take long, and for whole seconds. */
const maxDifferenceSeconds = 120;
const askAgainSeconds = 60;

function createProviderTime(clock: Clock): ProviderTime {
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

/** @param current waits for what is known of the provider, and fetches it if nothing is */
function createClockCheck(
  time: ProviderTime,
  current: (signal: AbortSignal) => Promise<unknown>,
  ask: () => Promise<unknown>,
): Provider['checkClock'] {
  return async (signal) => {
    // Without metadata there may be no answer to compare with. That is another fault, and not one of the clock.
    await current(signal).catch(() => undefined);
    if (time.isWorthAsking()) {
      // Without a new answer the last one counts.
      await abortable(ask(), 'ERR_PROVIDER_UNAVAILABLE', signal).catch(() => undefined);
    }
    time.check();
  };
}

async function fetchKnown(options: ProviderOptions, fetchJson: FetchDocument): Promise<Known> {
  const metadata = parseProviderMetadata(await fetchJson(metadataUrl(options)), options);
  const keys = await parseProviderKeys(await fetchJson(metadata.keysUri));
  return { metadata, keys, fetchedAt: options.clock() };
}

/** Each key that has the token's `kid`; without a `kid`, all of them. */
function keysFor({ alg, kid }: KeyHeader, keys: readonly SigningKey[]): readonly FoundKey[] {
  if (alg !== 'RS256') return [];
  return keys.filter((one) => kid === undefined || one.kid === kid);
}

/**
 * Entra ID signs ID tokens with a key of the app if the app has a claims-mapping policy or a signing certificate. It
 * lists that key only in the answer to a request that names the app.
 * https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-signature
 */
function metadataUrl({ authority, issuer, clientId }: ProviderOptions): string {
  const url = `${authority}/.well-known/openid-configuration`;
  return isWorkforceTenant(authority, issuer) ? `${url}?appid=${clientId}` : url;
}
