import type { StackSecrets } from './stack-secrets';

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
  /** Folder in which rows, secrets and ports stay over restarts. */
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
