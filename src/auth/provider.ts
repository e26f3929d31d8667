import type { CryptoKey } from 'jose';
import type { Clock } from '../clock';
import { AppError } from '../errors';
import { shareRun } from '../share-run';
import { fetchDocument } from './fetch-document';
import { parseProviderKeys, type KeyHeader, type SelectKey } from './provider-keys';
import { parseProviderMetadata, type ProviderMetadata } from './provider-metadata';

/** The provider, as far as one instance needs to know it. Shared by all requests. */
export interface Provider {
  /**
   * The checked metadata, fetched when first needed and once a day.
   * @throws ERR_PROVIDER_UNAVAILABLE, or ERR_PROVIDER_MISMATCH when it is another provider
   */
  metadata(signal: AbortSignal): Promise<ProviderMetadata>;
  /**
   * The key that signed a token with this header. A `kid` nobody has seen makes the keys be
   * fetched at once, at most once a minute: providers change keys without notice.
   * @throws ERR_PROVIDER_UNAVAILABLE when the key may exist but cannot be looked up
   */
  findKey(header: KeyHeader, signal: AbortSignal): Promise<CryptoKey | undefined>;
}

interface ProviderAddress {
  /** Under which `/.well-known/openid-configuration` stands; no trailing slash. */
  readonly authority: string;
  /** What `issuer` in the metadata must equal, exactly. */
  readonly issuer: string;
  readonly clock: Clock;
}

interface Known {
  readonly metadata: ProviderMetadata;
  readonly selectKey: SelectKey;
  readonly fetchedAt: number;
}

const keptSeconds = 86_400;
const retrySeconds = 60;

/** A provider that fetches nothing until it is asked. */
export function createProvider(address: ProviderAddress): Provider {
  const { clock } = address;
  let known: Known | undefined;
  /** After a failed renewal the last good set serves until then, or each request would wait in vain. */
  let renewAt = 0;
  let keysFetchAt = 0;
  let keysFetchFailed = false;

  const fetchAll = shareRun(async () => {
    try {
      known = await fetchKnown(address);
    } catch (error) {
      renewAt = clock() + retrySeconds;
      throw error;
    }
    return known;
  }, 'ERR_PROVIDER_UNAVAILABLE');

  const fetchKeys = shareRun(async () => {
    if (known === undefined) return;
    keysFetchAt = clock() + retrySeconds;
    keysFetchFailed = true;
    const selectKey = parseProviderKeys(await fetchDocument(known.metadata.keysUri));
    keysFetchFailed = false;
    known = { ...known, selectKey };
  }, 'ERR_PROVIDER_UNAVAILABLE');

  async function current(signal: AbortSignal): Promise<Known> {
    const last = known;
    if (last === undefined) return fetchAll.run(signal);
    if (clock() < Math.max(last.fetchedAt + keptSeconds, renewAt)) return last;
    return fetchAll.run(signal).catch(() => last);
  }

  async function findKey(header: KeyHeader, signal: AbortSignal): Promise<CryptoKey | undefined> {
    const { selectKey } = await current(signal);
    const key = await selectKey(header);
    if (key !== undefined || header.kid === undefined) return key;
    if (fetchKeys.isRunning() || clock() >= keysFetchAt) {
      await fetchKeys.run(signal);
    } else if (keysFetchFailed) {
      throw new AppError('ERR_PROVIDER_UNAVAILABLE', { note: 'the keys could not be fetched' });
    }
    return (known?.selectKey ?? selectKey)(header);
  }

  return { metadata: async (signal) => (await current(signal)).metadata, findKey };
}

async function fetchKnown({ authority, issuer, clock }: ProviderAddress): Promise<Known> {
  const metadata = parseProviderMetadata(
    await fetchDocument(`${authority}/.well-known/openid-configuration`),
    { issuer, authority },
  );
  const selectKey = parseProviderKeys(await fetchDocument(metadata.keysUri));
  return { metadata, selectKey, fetchedAt: clock() };
}
