import type { Cookie, HttpResponseInit, InvocationContext } from '@azure/functions';
import type { AppTokens } from '../entra/app-tokens';
import type { RelyingParty } from '../entra/msal';
import type { EventLog, NewEvent, Actor } from '../events';
import type { StoredKeyRing } from '../keys/key-ring';
import type { Reader, Site } from '../pages/layout';
import type { ActivityLog } from '../sessions/activity';
import type { SignOutHints } from '../sessions/end-sessions';
import type { SessionStore } from '../sessions/session-store';
import type { SettingFault, Settings } from '../settings';
import type { Table } from '../storage/table';
import type { Apis } from '../tokens/call-api';
import type { RolesOf } from '../tokens/graph';
import type { Revalidate } from '../tokens/revalidate';
import type { Clock, SingleFlight } from '../waiting';
import type { Hooks } from './hooks';
import type { HostStreams } from '../bodies';
import type { RequestFacts } from './request';

/** One request, and what is needed to answer it. `endpoint` makes it, and every handler gets it. */
export interface RequestContext extends RequestFacts {
  readonly services: Services;
  /** Epoch seconds, the same for the whole request. */
  readonly now: number;
  /** Aborted when the request's deadline has passed. Every call that waits gets it. */
  readonly signal: AbortSignal;
  /** Starts the deadline again. For a long body: as long as parts of it come, the request may go on. */
  readonly extendDeadline: () => void;
  /** True when the host passes the answer on while it comes. False when it takes the whole answer into memory first. */
  readonly isStreamed: boolean;
  /** As the Functions host gave it. */
  readonly invocation: InvocationContext;
  /** The invocation id. Error pages show it, and an operator finds it in the log. */
  readonly correlationId: string;
  /** Cookies that every answer sets, an error's answer too. */
  readonly cookies: Cookie[];
  /** Filled while the request is handled. The page of an error names the user from it, without another read. */
  readonly visitor: Visitor;
  /** `WWW-Authenticate` of an answer that asks to sign in, if a bearer token would do too. */
  readonly challenge?: string;
  /** Writes an event to the invocation's log. Never give it a code, token, cookie value, secret or session id. */
  readonly tell: (event: NewEvent) => void;
}

/** A function inside Anteroom that answers a request. */
export type Handler = (context: RequestContext) => Promise<HttpResponseInit> | HttpResponseInit;

/** The person behind a request, as far as we know it. */
interface Visitor {
  /** A guard sets it when it has read the session. `undefined` before that, and for a person who is signed out. */
  user: Reader | undefined;
  /** For events: the user of the request's session, or who is signing in. It stays after that session has ended. */
  person?: Actor;
  /** The page to open after the sign-in: a checked local path. Error pages of the sign-in link to it. */
  returnPath?: string | undefined;
}

/** Everything that the requests of one Anteroom share. Two Anterooms share nothing. */
export interface Services {
  readonly site: Site;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly activity: ActivityLog;
  readonly table: Table;
  readonly keyRing: StoredKeyRing;
  readonly sessions: SessionStore;
  /** Code of the app's own, for sign-in and sign-out. */
  readonly hooks: Hooks;
  readonly relyingParty: RelyingParty;
  readonly rolesOf: RolesOf | undefined;
  readonly revalidate: Revalidate;
  /** Hints for the provider's sign-out. A second click on "Sign out" needs them, since the session is gone by then. */
  readonly signOutHints: SignOutHints;
  /** Lets requests of one session share one refresh of an access token. */
  readonly shareRefresh: SingleFlight<string>;
  readonly apis: Apis;
  readonly hostStreams: HostStreams;
  /** Tokens of the app itself, and those by on-behalf-of. */
  readonly appTokens: AppTokens;
}

/** Takes the place of the services while settings have faults. */
export interface FaultySettings {
  readonly site: Site;
  readonly faults: readonly SettingFault[];
  /** Writes them to the log, at most once in ten seconds. */
  readonly tellFaults: (invocation: InvocationContext) => void;
}

/** Gives the services. The first call makes them. */
export type FindServices = () => Services | FaultySettings;
