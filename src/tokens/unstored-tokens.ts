import type { RelyingParty } from '../entra/msal';
import type { User } from '../sessions/session';
import { createRefreshFlight, createUserTokens, type TokenStore } from './access-token';

/** The tokens of a sign-in or a revalidation that is not stored yet. */
export interface UnstoredTokens {
  /** A live token of the user for scopes of one API. It is fetched when there is none. */
  readonly userToken: ReturnType<typeof createUserTokens>;
  /** MSAL's serialized cache with all that was fetched until now. Secret. */
  latest(): string;
}

interface TokenHolder {
  readonly user: User;
  readonly tokenCache: string;
  readonly now: number;
  readonly signal: AbortSignal;
}

/** Holds tokens in memory, so that code which runs before they are stored can use them and fetch more. */
export function holdTokens(
  relyingParty: RelyingParty,
  { tokenCache, ...owner }: TokenHolder,
): UnstoredTokens {
  let tokens = { tokenCache, etag: '0' };
  const store: TokenStore = {
    readTokens: () => Promise.resolve(tokens),
    writeTokens: (written) => {
      if (written.etag !== tokens.etag) return Promise.resolve('conflict');
      tokens = { ...written, etag: String(Number(written.etag) + 1) };
      return Promise.resolve('written');
    },
  };
  // Nobody else can ask for these tokens, so their flight needs no key of a session.
  const userToken = createUserTokens(relyingParty, createRefreshFlight(), {
    ...owner,
    ...{ sessionKey: 'unstored', store },
  });
  return { userToken, latest: () => tokens.tokenCache };
}
