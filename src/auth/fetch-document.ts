import { AppError } from '../errors';
import { readBounded } from '../read-bounded';

/** Two documents are fetched in a row, within the ten seconds a request has. */
const timeoutMilliseconds = 4_000;
const maxBytes = 256 * 1024;

/**
 * A JSON document of the provider. Not tied to any request, since several may wait for it.
 * Redirects are not followed: they would let another host speak for the provider.
 * @throws ERR_PROVIDER_UNAVAILABLE, or ERR_PROVIDER_MISMATCH when the provider says there is no such document
 */
export async function fetchDocument(url: string): Promise<unknown> {
  const { status, body } = await get(url);
  // An unknown tenant is a 400 at Entra ID, a wrong path a 404. Both stay until a setting changes.
  if (status >= 400 && status < 500 && status !== 408 && status !== 429) {
    throw new AppError('ERR_PROVIDER_MISMATCH', {
      note: `the provider answered ${status} to GET ${url}`,
    });
  }
  if (status !== 200) throw unavailable(`the provider answered ${status} to GET ${url}`);
  try {
    const document: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    return document;
  } catch (cause) {
    throw unavailable(`the provider's answer to GET ${url} is not JSON`, cause);
  }
}

async function get(url: string): Promise<{ status: number; body: Uint8Array }> {
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMilliseconds),
    });
    return { status: response.status, body: await readBounded(response, maxBytes) };
  } catch (cause) {
    throw unavailable(`no answer to GET ${url}`, cause);
  }
}

function unavailable(note: string, cause?: unknown): AppError {
  return new AppError('ERR_PROVIDER_UNAVAILABLE', { note, cause });
}
