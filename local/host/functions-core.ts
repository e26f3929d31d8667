import { type Log, logCategory } from './log';
import {
  Disposable,
  type FunctionCallback,
  type FunctionMetadata,
  type HookCallback,
  type LogLevel,
  type ProgrammingModel,
} from './rpc';

/** A function an app has registered. */
export interface RegisteredFunction {
  readonly metadata: FunctionMetadata;
  readonly callback: FunctionCallback;
}

const hookNames = ['preInvocation', 'postInvocation', 'appStart', 'appTerminate', 'log'] as const;

/** When a hook runs. */
export type HookName = (typeof hookNames)[number];

/** What has been registered through the module, and the module itself. */
export interface FunctionsCore {
  /** What `require('@azure/functions-core')` gives the app. */
  readonly module: object;
  /** By registration order; names as written. */
  readonly functions: ReadonlyMap<string, RegisteredFunction>;
  readonly hooks: Readonly<Record<HookName, readonly HookCallback[]>>;
  /** Shared by all hooks of the app. */
  readonly appHookData: object;
  /** Set by `@azure/functions` when its first function is registered. */
  programmingModel(): ProgrammingModel | undefined;
  /** From here on nothing can be registered: the app has started. */
  lock(): void;
}

/**
 * The module `@azure/functions-core`, which no registry has: the Node worker supplies it in Azure,
 * this host here. `@azure/functions` registers functions and hooks through it.
 * https://github.com/Azure/azure-functions-nodejs-worker/blob/v4.x/src/setupCoreModule.ts
 */
export function createFunctionsCore(log: Log): FunctionsCore {
  const functions = new Map<string, RegisteredFunction>();
  const hooks = createHooks();
  let model: ProgrammingModel | undefined;
  let locked = false;
  const whileStarting = (what: string): void => {
    if (locked) {
      throw new Error(`A function can only be ${what} during app startup.`);
    }
  };
  return {
    module: {
      version: '3.9.1',
      hostVersion: '4.1037.0',
      registerFunction(metadata: FunctionMetadata, callback: FunctionCallback): Disposable {
        whileStarting('registered');
        const id = metadata.functionId ?? metadata.name;
        if (functions.has(id)) {
          throw new Error(`A function with id "${id}" has already been registered.`);
        }
        functions.set(id, { metadata, callback });
        return new Disposable(() => {
          whileStarting('disposed');
          functions.delete(id);
        });
      },
      registerHook: (name: string, callback: HookCallback) => registerHook(hooks, name, callback),
      setProgrammingModel(next: ProgrammingModel): void {
        model = next;
      },
      getProgrammingModel: () => model,
      log(level: LogLevel, _category: string, message: string): void {
        log(level, logCategory.worker, message);
      },
      Disposable,
    },
    functions,
    hooks,
    appHookData: {},
    programmingModel: () => model,
    lock: () => {
      locked = true;
    },
  };
}

function createHooks(): Record<HookName, HookCallback[]> {
  return { preInvocation: [], postInvocation: [], appStart: [], appTerminate: [], log: [] };
}

function registerHook(
  hooks: Record<HookName, HookCallback[]>,
  name: string,
  callback: HookCallback,
): Disposable {
  const known = hookNames.find((hookName) => hookName === name);
  if (known === undefined) {
    throw new RangeError(`Unrecognized hook "${name}"`);
  }
  hooks[known].push(callback);
  return new Disposable(() => {
    hooks[known] = hooks[known].filter((hook) => hook !== callback);
  });
}
