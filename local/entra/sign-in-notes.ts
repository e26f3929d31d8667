import { isRecord, isString } from '../loopback/control';
import { partOfModel } from './kept-adapter';
import type { KeptState } from './kept-state';

/** What was asked for, and confirmed, when a code or refresh token was given. */
export interface GrantNote {
  readonly scopes: readonly string[];
  /** Authentication contexts (`c1`) that the person had satisfied. */
  readonly acrs: readonly string[];
  /** When the person signed in at the provider, epoch seconds. */
  readonly authTime: number;
  /** `max_age` of the authorization request, seconds. */
  readonly maxAge?: number;
}

/** What has happened in a browser session. */
export interface SessionNote {
  /** Authentication contexts that the person has satisfied. */
  readonly acrs: readonly string[];
  /** Ids of the apps signed in to: they are told when it ends. */
  readonly clients: readonly string[];
}

/** What oidc-provider does not keep itself. */
export interface SignInNotes {
  /** By id of a code or refresh token. */
  ofGrant(id: string): GrantNote;
  keepGrant(id: string, note: GrantNote): void;
  /** By `uid` of a session. */
  ofSession(uid: string | undefined): SessionNote;
  keepSession(uid: string, note: SessionNote): void;
}

export function createSignInNotes(state: KeptState): SignInNotes {
  const grants = state.part('grant notes');
  const sessions = state.part('session notes');
  // Codes do not outlive a run, and notes of refresh tokens go with them.
  const refreshTokens = state.part(partOfModel('RefreshToken'));
  for (const id of grants.keys()) if (!refreshTokens.has(id)) grants.delete(id);
  return {
    ofGrant(id) {
      const note = grants.get(id);
      const maxAge = numberOf(note, 'maxAge');
      return {
        scopes: textsOf(note, 'scopes'),
        acrs: textsOf(note, 'acrs'),
        authTime: numberOf(note, 'authTime') ?? 0,
        ...(maxAge === undefined ? {} : { maxAge }),
      };
    },
    keepGrant(id, note) {
      grants.set(id, note);
      state.changed();
    },
    ofSession(uid) {
      const note = sessions.get(uid ?? '');
      return { acrs: textsOf(note, 'acrs'), clients: textsOf(note, 'clients') };
    },
    keepSession(uid, note) {
      sessions.set(uid, note);
      state.changed();
    },
  };
}

function textsOf(note: unknown, name: string): string[] {
  const texts = isRecord(note) ? note[name] : undefined;
  return Array.isArray(texts) ? texts.filter(isString) : [];
}

function numberOf(note: unknown, name: string): number | undefined {
  const number = isRecord(note) ? note[name] : undefined;
  return typeof number === 'number' ? number : undefined;
}
