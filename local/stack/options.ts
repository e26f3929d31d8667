import type { AppRegistration } from '../entra/registrations';
import type { EntraShape } from '../entra/shape';
import type { SeededUser } from '../entra/users';
import type { StorageAccount } from '../tables/azurite';

/** How to start the local stack. What is left out is chosen: free ports, fresh secrets, one app. */
export interface StackOptions {
  /** How many instances of the app to start at once: 1. With 0, `startApp` starts them later. */
  readonly apps?: number;
  /** The first app's port. */
  readonly appPort?: number;
  /** Serves the app over https with a throwaway certificate. */
  readonly https?: boolean;
  /** Settings of the app over those the stack gives it; an empty text takes one away. */
  readonly appEnv?: Readonly<Record<string, string>>;
  /** Where host.json, package.json and dist are; the current directory. */
  readonly scriptRoot?: string;
  /** Path of Anteroom's functions on the app: `/auth`. The provider sends people there. */
  readonly authPath?: string;
  /** Tables that are already there, instead of an Azurite of its own. */
  readonly tablesConnectionString?: string;
  /** `anteroom`. The stack creates it. */
  readonly tableName?: string;
  /** Secrets and ports that are settled already, instead of fresh ones. */
  readonly secrets?: StackSecrets;
  /**
   * Where the stand-ins stand if nothing else is there yet, instead of on any free port. For people only:
   * stacks that start at the same moment would race for them.
   */
  readonly preferredPorts?: { readonly entra: number; readonly graph: number };
  /** Which provider the stand-in plays: `entra`. */
  readonly shape?: EntraShape;
  /** More about the app's registration: certificates and federated credentials it may prove itself by. */
  readonly registration?: Pick<AppRegistration, 'certificates' | 'federatedCredentials'>;
  /** Further apps at the same provider. */
  readonly otherClients?: readonly AppRegistration[];
  /** Starts Azurite's blob service there too: `func start` wants it for timer triggers. */
  readonly blobs?: { readonly port: number; readonly account: StorageAccount };
  /** Folder in which rows, secrets, ports and the provider's sessions stay over restarts. */
  readonly dataDir?: string;
  /** Lets the app heed `local.settings.json` and the environment for what the stack does not set. */
  readonly usesLocalSettings?: boolean;
}

/** How to start one more instance of the app on a stack. */
export interface StartAppOptions {
  /** Over the stack's `appEnv`. `APP_BASE_URL` of another instance makes the two one app. */
  readonly env?: Readonly<Record<string, string>>;
  readonly https?: boolean;
}

/** What must stay the same for sessions to outlive a restart of the stack. Ports: 0 is any that is free. */
export interface StackSecrets {
  readonly account: StorageAccount;
  /** 32 bytes, base64url: KEY_RING_SECRET. */
  readonly keyRingSecret: string;
  readonly clientSecret: string;
  /** The issuer's URL holds it, and the user's key holds the issuer. */
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
  /** `iss` of the tokens: unlike the authority in the shapes of External ID and B2C. */
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

/** A step of starting the stack, as it begins and again as it ends. */
export interface StackStep {
  readonly name: string;
  /** Undefined as it begins. */
  readonly seconds?: number;
  /** Where it stands now: an address. */
  readonly place?: string;
}

/** A step's line: one as it begins, one as it ends. */
export function describeStep({ name, seconds, place }: StackStep): string {
  if (seconds === undefined) {
    return `  \u2026 ${name}`;
  }
  const line = `  \u2713 ${name.padEnd(36)} ${seconds.toFixed(1).padStart(4)} s`;
  return place === undefined ? line : `${line}   ${place}`;
}

/** Who wants to see the steps, and the apps' log. */
export interface StackListener {
  onStep?(step: StackStep): void;
  onOutput?(text: string): void;
  /** A part of the running stack has ended though nobody asked it to. */
  onDeath?(part: string): void;
}

/** Does `work` and tells the listener when it begins and when it is done; `placeOf` says where it stands. */
export async function tellStep<T>(
  listener: StackListener,
  name: string,
  work: () => Promise<T>,
  placeOf: (done: T) => string | undefined = () => undefined,
): Promise<T> {
  const begun = performance.now();
  listener.onStep?.({ name });
  const done = await work();
  const place = placeOf(done);
  const seconds = (performance.now() - begun) / 1000;
  listener.onStep?.({ name, seconds, ...(place !== undefined && { place }) });
  return done;
}
