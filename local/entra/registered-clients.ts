import { randomBytes } from 'node:crypto';
import type { AppRegistration } from './entra-stand-in-options';

/** An app as the stand-in knows it. */
export interface RegisteredClient extends AppRegistration {
  /** What oidc-provider compares. An app without a secret has one that nobody knows. */
  readonly secret: string;
}

/** The registered apps. */
export interface RegisteredClients {
  readonly all: readonly RegisteredClient[];
  find(id: unknown): RegisteredClient | undefined;
}

export function registerClients(registrations: readonly AppRegistration[]): RegisteredClients {
  const all = registrations.map((registration) => ({
    ...registration,
    secret: registration.secret ?? randomBytes(32).toString('base64url'),
  }));
  return { all, find: (id) => all.find((client) => client.id === id) };
}
