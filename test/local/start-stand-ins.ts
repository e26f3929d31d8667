import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { EntraStandInOptions } from '../../local/entra/entra-stand-in';
import type { SeededUser } from '../../local/entra/registrations';

export interface StandIns {
  readonly entra: {
    readonly url: string;
    readonly authority: string;
    readonly issuer: string;
    readonly keysUrl: string;
    readonly users: readonly SeededUser[];
  };
  readonly graph: { readonly url: string; readonly baseUrl: string };
  stop(): Promise<void>;
}

export const tenantId = '5c3f9f0e-1df5-4b2e-9d55-2f6a3cf0a001';
export const redirectUri = 'http://localhost:7071/auth/redirect';
export const signedOutUri = 'http://localhost:7071/auth/signed-out';
export const graphAudience = 'https://graph.microsoft.com';
export const client = {
  id: '0b2b7c1e-6d0e-4e5e-8a77-91c6f6f7a002',
  secret: 'the-secret-of-the-local-app-registration',
  redirectUris: [redirectUri],
  postLogoutRedirectUris: [signedOutUri],
  optionalClaims: ['sid', 'login_hint'],
} as const;

const script = join(__dirname, '../../local/dist/stand-ins-process.mjs');

/** Both stand-ins in a child process, built: oidc-provider is an ES module with top-level await, which jest cannot load. */
export async function startStandIns(options: Partial<EntraStandInOptions> = {}): Promise<StandIns> {
  const child = fork(script);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  const started = await new Promise<Omit<StandIns, 'stop'>>((resolve, reject) => {
    child.once('message', (message) => {
      resolve(message as Omit<StandIns, 'stop'>);
    });
    child.once('exit', () => {
      reject(new Error('the stand-ins ended'));
    });
    const registered: EntraStandInOptions = { tenantId, client, graphAudience, ...options };
    child.send(registered);
  });
  return {
    ...started,
    stop() {
      if (child.connected) child.disconnect();
      return ended;
    },
  };
}

/** Changes controls of a stand-in: `POST <origin>/control`. */
export async function control(origin: string, change: object): Promise<Response> {
  return fetch(`${origin}/control`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(change),
  });
}

/** `reset` or `rotate-keys`. */
export async function act(origin: string, action: string): Promise<Response> {
  return fetch(`${origin}/control/${action}`, { method: 'POST' });
}
