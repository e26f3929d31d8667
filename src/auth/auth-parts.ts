import type { Settings } from '../settings';
import type { CredentialState } from './credential-state';
import type { PauseMemory } from '../pause-memory';
import type { Provider } from './provider';

/** The settings that sign-in needs. */
export type AuthSettings = Pick<
  Settings,
  'baseUrl' | 'tenantId' | 'clientId' | 'authority' | 'issuer' | 'credential' | 'graphScopes'
>;

/** What everything in `auth/` is made of; put together once an instance. */
export interface AuthParts {
  readonly settings: AuthSettings;
  readonly provider: Provider;
  readonly credential: CredentialState;
  /** Requests for which the token endpoint named a time to wait: nobody sends them again before. */
  readonly tokenPauses: PauseMemory;
  /**
   * A JWT by which the app proves itself (RFC 7523 section 2.2), called when a token is asked for.
   * Needed with the credential `managed-identity` only.
   */
  readonly clientAssertion?: (signal: AbortSignal) => Promise<string>;
}
