import type { KeyRing } from '../keys/key-ring';
import type { Table } from '../storage/table';
import type { Session, SessionLimits } from './session';

/** What everything in `sessions/` is made of; put together once an instance. */
export interface SessionParts {
  readonly table: Table;
  readonly keyRing: KeyRing;
  readonly limits: SessionLimits;
  /** Told of a row that is there and cannot be opened: its session counts as ended, and somebody must know. */
  readonly onUnreadable?: (what: UnreadablePart, userKey: string) => void;
}

/** The key's name is not in the ring, or the value does not open: corrupted, moved, or of another version. */
export type UnreadablePart = 'kid' | 'data' | 'tokens';

/** A session's MSAL token cache as it is stored. */
export interface StoredTokens {
  /** MSAL's serialized cache. */
  readonly tokenCache: string;
  /** Names this version, for `If-Match`. */
  readonly etag: string;
}

/** A live session as it is stored. */
export interface FoundSession {
  readonly session: Session;
  /** Browser and system in words. */
  readonly device: string;
  /** Names this version of the session's row, for `If-Match`. */
  readonly etag: string;
  /** `undefined` when the tokens were not read, or are not there. */
  readonly tokens: StoredTokens | undefined;
}
