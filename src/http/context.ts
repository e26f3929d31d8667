import type { Cookie, HttpResponseInit, InvocationContext } from '@azure/functions';
import type { RelyingParty } from '../entra/msal';
import type { KeyRing } from '../keys/encryption';
import type { Site } from '../pages/layout';
import type { SignOutHints } from '../sessions/end-sessions';
import type { SessionStore } from '../sessions/session-store';
import type { SettingFault, Settings } from '../settings';
import type { Table } from '../storage/table';
import type { Revalidate } from '../tokens/revalidate';
import type { Clock, SingleFlight } from '../waiting';
import type { VerifiedTexts } from '../cookies/session-cookie';
import type { Graph } from '../tokens/call-api';
import type { RequestFacts } from './request';

/** One request and what is needed to answer it. Made by `endpoint`, passed to every handler. */
export interface RequestContext extends RequestFacts {
  readonly services: Services;
  /** Epoch seconds, the same for the whole request. */
  readonly now: number;
  /** Aborted when the request's deadline has passed; goes along into every call that waits. */
  readonly signal: AbortSignal;
  /** As the Functions host gave it. */
  readonly invocation: InvocationContext;
  /** The invocation id: what a person can tell an operator, who finds it in the log. */
  readonly correlationId: string;
  /** Cookies to set, whatever the answer turns out to be. */
  readonly cookies: Cookie[];
  /** Shared by all that handle the request, so that an error's page can name whom it refuses without reading anything. */
  readonly visitor: Visitor;
  /** One line in the invocation's log. Never a code, token, cookie value, secret or session id. */
  readonly log: (level: 'info' | 'warn' | 'error', message: string) => void;
}

/** What answers a request inside Anteroom. */
export type Handler = (context: RequestContext) => Promise<HttpResponseInit> | HttpResponseInit;

/** Who sends a request, as far as it is known. */
interface Visitor {
  /** Set by a guard once it has read the session; `undefined` before that, and for the signed out. */
  user: { readonly name: string; readonly username: string } | undefined;
  /** For the log: the user of the session that the request brought. It stays when that session is over. */
  userKey?: string;
  /** The page that a sign-in leads to, a checked local path. Error pages of the sign-in link to it. */
  returnPath?: string | undefined;
}

/** Everything that one Anteroom shares between its requests. Nothing of it is shared with another. */
export interface Services {
  readonly site: Site;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly table: Table;
  readonly keyRing: KeyRing;
  readonly sessions: SessionStore;
  readonly relyingParty: RelyingParty;
  readonly revalidate: Revalidate;
  /** For a second click on "Sign out". */
  readonly signOutHints: SignOutHints;
  /** Access tokens that requests of one session refresh together. */
  readonly shareRefresh: SingleFlight<string>;
  /** Session cookies whose signature was verified already. */
  readonly verifiedTexts: VerifiedTexts;
  readonly graph: Graph;
}

/** What there is instead of services while settings have faults. */
export interface FaultySettings {
  readonly site: Site;
  readonly faults: readonly SettingFault[];
}

/** The services, made when they are first asked for. */
export type FindServices = () => Services | FaultySettings;
