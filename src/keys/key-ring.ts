/** The keys everything else is derived from, behind one interface whatever wraps them. */

export interface RingKey {
  /** Names the key in cookies and rows; tells nothing about it. base64url and `.` only. */
  readonly kid: string;
  /** 32 bytes, only ever an input of HKDF. */
  readonly secret: Uint8Array;
}

export interface KeyRing {
  /**
   * The key that signs and encrypts now.
   * @throws ERR_KEYS_UNAVAILABLE when the ring cannot be read or unwrapped
   */
  current(signal: AbortSignal): Promise<RingKey>;
  /** The key of that name, also when it is retired; `undefined` when the ring has no such key. */
  find(kid: string, signal: AbortSignal): Promise<RingKey | undefined>;
}
