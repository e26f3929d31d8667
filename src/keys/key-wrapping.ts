/** A ring key as it may lie in the table. */
export interface WrappedKey {
  readonly wrapped: Uint8Array;
  /** Which wrapping key did it: the Key Vault key's version, or a name of the secret. */
  readonly version: string;
}

/** What keeps the ring's keys secret where they are stored. */
export interface KeyWrapping {
  /**
   * @param content at most 100 bytes
   * @throws ERR_KEYS_UNAVAILABLE
   */
  wrap(content: Uint8Array, signal: AbortSignal): Promise<WrappedKey>;
  /**
   * What was wrapped; `undefined` when this was never wrapped so, or was changed since.
   * @throws ERR_KEYS_UNAVAILABLE when nobody can tell at the moment
   */
  unwrap(key: WrappedKey, signal: AbortSignal): Promise<Uint8Array | undefined>;
}
