import { appEnvironment, appSettings } from '../../local/stack/settings';
import type { StackFacts } from '../../local/stack/options';
import type { ServerCommand } from './server-process';
import { benchClient } from './start-bench-stack';

export interface AppPlace {
  readonly facts: StackFacts;
  /** Where the app is served; one of the stack's origins. */
  readonly baseUrl: string;
  /** Settings over the usual ones. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The built app on the local Functions host, as `npm start` runs it. */
export function appCommand({ facts, baseUrl, env = {} }: AppPlace): ServerCommand {
  const settings = appSettings({ ...facts, baseUrl, clientSecret: benchClient.secret });
  const ours = { ...settings, ENTRA_CLIENT_ID: benchClient.id, ...env };
  const whole = appEnvironment(process.env, false, ours);
  return {
    script: 'local/dist/host.mjs',
    args: ['--port', new URL(baseUrl).port, '--script-root', '.'],
    env: Object.fromEntries(Object.entries(whole).map(([name, value]) => [name, value ?? ''])),
  };
}

/** A sign-in at the app that ends at its home page's address. */
export function appSignIn(baseUrl: string) {
  return { start: `${baseUrl}/auth/login?return_to=/`, landing: `${baseUrl}/` };
}
