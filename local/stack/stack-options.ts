import type { EntraShape } from '../entra/entra-shape';
import type { AppRegistration } from '../entra/entra-stand-in-options';
import type { StackSecrets } from './stack-secrets';
import type { StorageAccount } from './start-azurite';

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
