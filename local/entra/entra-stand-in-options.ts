import type { SeededUser } from './seeded-user';

/** What the app is registered with. */
export interface AppRegistration {
  readonly id: string;
  readonly secret: string;
  /** Compared exactly. */
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  readonly frontChannelLogoutUri?: string;
}

export interface EntraStandInOptions {
  /** 0 or left out: a free one. */
  readonly port?: number;
  readonly tenantId: string;
  readonly client: AppRegistration;
  /** `aud` of access tokens: what the Graph stand-in demands. */
  readonly graphAudience: string;
  /** The accounts; the seeded ones when left out. */
  readonly users?: readonly SeededUser[];
}
