/** What was asked for when a code or refresh token was given; oidc-provider keeps only its own scopes. */
export interface AskedScopes {
  remember(tokenId: string, scopes: readonly string[]): void;
  of(tokenId: string): readonly string[];
}

export function createAskedScopes(): AskedScopes {
  const scopes = new Map<string, readonly string[]>();
  return {
    remember(tokenId, asked) {
      scopes.set(tokenId, asked);
    },
    of: (tokenId) => scopes.get(tokenId) ?? [],
  };
}
