import type { AppRegistration } from '../entra/registrations';
import type { EntraShape } from '../entra/shape';
import type { SeededUser } from '../entra/users';
import type { StorageAccount } from '../tables/azurite';

/** How to start the local stack. Without an option, the stack takes free ports, new secrets and one app. */
export interface StackOptions {
  /** How many instances of the app to start at once: 1. With 0, `startApp` starts them later. */
  readonly apps?: number;
  /** The first app's port. */
  readonly appPort?: number;
  /** Serves the app over https with a throwaway certificate. */
  readonly https?: boolean;
  /** Settings of the app, which win over those of the stack. An empty text removes a setting. */
  readonly appEnv?: Readonly<Record<string, string>>;
  /** Where host.json, package.json and dist are; the current directory. */
  readonly scriptRoot?: string;
  /** Path of Anteroom's functions on the app: `/auth`. The provider sends people there. */
  readonly authPath?: string;
  /** Existing tables to use. Without it, the stack starts Azurite. */
  readonly tablesConnectionString?: string;
  /** `anteroom`. The stack creates it. */
  readonly tableName?: string;
  /** Secrets and ports to use instead of new ones. */
  readonly secrets?: StackSecrets;
  /**
   * Ports of the stand-ins where these are free; otherwise any free port is taken. Only for a stack that a person
   * starts: several stacks that start at the same moment would take the port from each other.
   */
  readonly preferredPorts?: { readonly entra: number; readonly graph: number };
  /** Which provider the stand-in plays: `entra`. */
  readonly shape?: EntraShape;
  /** Certificates and federated credentials by which the app may authenticate. */
  readonly registration?: Pick<AppRegistration, 'certificates' | 'federatedCredentials'>;
  /** Further apps at the same provider. */
  readonly otherClients?: readonly AppRegistration[];
  /** Starts Azurite's blob service there too: `func start` wants it for timer triggers. */
  readonly blobs?: { readonly port: number; readonly account: StorageAccount };
  /** Folder in which rows, secrets, ports and the provider's sessions stay over restarts. */
  readonly dataDir?: string;
  /** The app also gets the settings of `local.settings.json` and of the environment that the stack does not set. */
  readonly usesLocalSettings?: boolean;
}

/** How to start one more instance of the app on a stack. */
export interface StartAppOptions {
  /** Settings that win over `appEnv` of the stack. Two instances with the same `APP_BASE_URL` are one app. */
  readonly env?: Readonly<Record<string, string>>;
  readonly https?: boolean;
}

/** Secrets and ports. Sessions survive a restart of the stack only if these stay the same. Port 0 is any free port. */
export interface StackSecrets {
  readonly account: StorageAccount;
  /** 32 bytes, base64url: KEY_RING_SECRET. */
  readonly keyRingSecret: string;
  readonly clientSecret: string;
  /** It is part of the issuer's URL, and the user's key is made from the issuer. */
  readonly entraPort: number;
  readonly graphPort: number;
  readonly tablesPort: number;
}

/** What a stack consists of, as plain values. */
export interface StackFacts {
  readonly tenantId: string;
  readonly client: { readonly id: string; readonly secret: string };
  /** Origin of the Entra stand-in; its control page is `/control`. */
  readonly entraUrl: string;
  readonly authority: string;
  /** `iss` of the tokens. In the shapes of External ID and B2C it differs from the authority. */
  readonly issuer: string;
  readonly graphUrl: string;
  /** With `/v1.0`. */
  readonly graphBaseUrl: string;
  /** The value of `GRAPH_SCOPES` where scopes of Microsoft Graph do not work. */
  readonly graphScopes?: string;
  readonly tablesConnectionString: string;
  readonly tableName: string;
  readonly keyRingSecret: string;
  readonly users: readonly SeededUser[];
}

/** A step of starting the stack. It is told twice: when it begins and when it is done. */
export interface StackStep {
  readonly name: string;
  /** Undefined when the step begins. */
  readonly seconds?: number;
  /** Where the part listens now. */
  readonly address?: string;
}

/** The line that is shown for a step. */
export function describeStep({ name, seconds, address }: StackStep): string {
  if (seconds === undefined) {
    return `  \u2026 ${name}`;
  }
  const line = `  \u2713 ${name.padEnd(36)} ${seconds.toFixed(1).padStart(4)} s`;
  return address === undefined ? line : `${line}   ${address}`;
}

/** Who wants to see the steps, and the apps' log. */
export interface StackListener {
  onStep?(step: StackStep): void;
  onOutput?(text: string): void;
  /** A part of the running stack has ended by itself. */
  onDeath?(part: string): void;
}

/** Does `work`, and tells the listener when it begins and when it is done. `addressOf` gives the address to show. */
export async function tellStep<T>(
  listener: StackListener,
  name: string,
  work: () => Promise<T>,
  addressOf: (done: T) => string | undefined = () => undefined,
): Promise<T> {
  const begun = performance.now();
  listener.onStep?.({ name });
  const done = await work();
  const address = addressOf(done);
  const seconds = (performance.now() - begun) / 1000;
  listener.onStep?.({ name, seconds, ...(address !== undefined && { address }) });
  return done;
}
