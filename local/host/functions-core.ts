import { globSync, readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';
import { type Log, logCategory, type LogLevel } from './host-files';

/** An app after loading. With a `loadError` it has no functions, and every answer is 404. */
export interface LoadedApp {
  readonly core: FunctionsCore;
  readonly loadError: string | undefined;
  /** Where the library serves HTTP, in stream mode only. */
  readonly streamUri: string | undefined;
}

/** There is no app, or it is not built. The message says what to do. */
export class AppMissingError extends Error {}

/**
 * Loads the app in `scriptRoot` as the Node worker does: every file of `main` in its package.json (a path or a glob), by
 * `require` or, for ES modules, by `import`. When one file throws, the app has no functions, in Azure and here.
 * https://github.com/Azure/azure-functions-nodejs-worker/blob/v4.x/src/loadScriptFile.ts
 * @throws AppMissingError when there is no package.json, no `main`, or no file behind it
 */
export async function loadApp(scriptRoot: string, log: Log): Promise<LoadedApp> {
  const { main, isModule } = readManifest(scriptRoot);
  const files = globSync(main, { cwd: scriptRoot }).sort();
  if (files.length === 0) {
    throw new AppMissingError(
      `There is no ${join(scriptRoot, main)}. Build the app first: npm run build`,
    );
  }
  const core = createFunctionsCore(log);
  supplyModule('@azure/functions-core', core.module);
  const loadError = await loadFiles(scriptRoot, files, isModule);
  if (loadError !== undefined) {
    log('error', logCategory.startup, loadError);
  }
  core.lock();
  return { core, loadError, streamUri: await readStreamUri(core) };
}

function readManifest(scriptRoot: string): { main: string; isModule: boolean } {
  let text: string;
  try {
    text = readFileSync(join(scriptRoot, 'package.json'), 'utf8');
  } catch (cause) {
    throw new AppMissingError(`There is no package.json in ${scriptRoot}.`, { cause });
  }
  const manifest: unknown = JSON.parse(text);
  if (typeof manifest !== 'object' || manifest === null) {
    throw new AppMissingError(`${join(scriptRoot, 'package.json')} is not a JSON object.`);
  }
  if (!('main' in manifest) || typeof manifest.main !== 'string') {
    throw new AppMissingError(`${join(scriptRoot, 'package.json')} has no "main".`);
  }
  return { main: manifest.main, isModule: 'type' in manifest && manifest.type === 'module' };
}

async function loadFiles(
  scriptRoot: string,
  files: readonly string[],
  isModule: boolean,
): Promise<string | undefined> {
  for (const file of files) {
    const path = join(scriptRoot, file);
    try {
      if (file.endsWith('.mjs') || (isModule && !file.endsWith('.cjs'))) {
        await import(pathToFileURL(path).href);
      } else {
        createRequire(path)(path);
      }
    } catch (error) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return `Worker was unable to load entry point "${file}": ${reason}`;
    }
  }
  return undefined;
}

/** With `enableHttpStream` the library starts its server here, and tells its address. */
async function readStreamUri(core: FunctionsCore): Promise<string | undefined> {
  const capabilities = (await core.programmingModel()?.getCapabilities?.({})) ?? {};
  return capabilities['HttpUri'];
}

/**
 * Makes `require(name)` give `exported` everywhere in this process, without an installed package. The Node worker does the
 * same.
 */
function supplyModule(name: string, exported: object): void {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- the proxy passes `this` on
  Module.prototype.require = new Proxy(Module.prototype.require, {
    apply(target, module, args: unknown[]): unknown {
      return args[0] === name ? exported : Reflect.apply(target, module, args);
    },
  });
}

/**
 * Sends the app's console output to the log. On the real host all of it, `console.error` too, has the level information and
 * its own category, which `default: Warning` leaves out.
 */
export function captureConsole(log: Log): void {
  for (const name of ['debug', 'error', 'info', 'log', 'warn'] as const) {
    console[name] = (...args: unknown[]) => {
      log('information', logCategory.console, format(...args));
    };
  }
}

/** A function an app has registered. */
export interface RegisteredFunction {
  readonly metadata: FunctionMetadata;
  readonly callback: FunctionCallback;
}

const hookNames = ['preInvocation', 'postInvocation', 'appStart', 'appTerminate', 'log'] as const;

/** When a hook runs. */
type HookName = (typeof hookNames)[number];

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
  /** After this call nothing can be registered: the app has started. */
  lock(): void;
}

/**
 * The module `@azure/functions-core`. No registry has it: in Azure the Node worker supplies it, here this host does.
 * `@azure/functions` registers functions and hooks with it.
 * https://github.com/Azure/azure-functions-nodejs-worker/blob/v4.x/src/setupCoreModule.ts
 */
function createFunctionsCore(log: Log): FunctionsCore {
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

// The data that a Functions host and its Node worker send each other, as far as this host uses it. The names are those of
// `@azure/functions-core`.
// https://github.com/Azure/azure-functions-nodejs-worker/blob/v4.x/types-core/index.d.ts

/** An input or output. Exactly one property is set. */
export interface RpcTypedData {
  readonly string?: string | null;
  readonly json?: string | null;
  readonly bytes?: Uint8Array | null;
  readonly http?: RpcHttpData | null;
}

/** A value that may be absent, as protobuf writes it. */
export interface RpcNullable<T> {
  readonly value?: T | null;
}

/** An HTTP request (method, url, …) or response (statusCode, cookies, …). */
export interface RpcHttpData {
  readonly method?: string;
  readonly url?: string;
  readonly nullableHeaders?: Record<string, RpcNullable<string>>;
  readonly nullableParams?: Record<string, RpcNullable<string>>;
  readonly nullableQuery?: Record<string, RpcNullable<string>>;
  readonly statusCode?: string | null;
  readonly headers?: Record<string, string> | null;
  readonly cookies?: readonly RpcHttpCookie[] | null;
  readonly body?: RpcTypedData | null;
}

/** One cookie of a response. `sameSite: 'none'` means "says nothing"; `explicitNone` is SameSite=None. */
export interface RpcHttpCookie {
  readonly name?: string | null;
  readonly value?: string | null;
  readonly domain?: RpcNullable<string> | null;
  readonly path?: RpcNullable<string> | null;
  readonly expires?: RpcNullable<{ readonly seconds?: number | null }> | null;
  readonly secure?: RpcNullable<boolean> | null;
  readonly httpOnly?: RpcNullable<boolean> | null;
  readonly sameSite?: 'none' | 'lax' | 'strict' | 'explicitNone' | null;
  /** Seconds. */
  readonly maxAge?: RpcNullable<number> | null;
}

/** A trigger or output; what else it holds depends on `type`. */
interface RpcBinding {
  readonly type?: string | null;
  readonly direction?: 'in' | 'out' | 'inout' | null;
  readonly [property: string]: unknown;
}

/** What an app registers. */
interface FunctionMetadata {
  readonly name: string;
  readonly functionId?: string;
  readonly bindings: Record<string, RpcBinding>;
}

/** What an app's handler looks like to the host. */
type FunctionCallback = (...inputs: unknown[]) => unknown;

/** One call of a function. */
export interface RpcInvocationRequest {
  readonly invocationId: string;
  readonly functionId: string;
  readonly inputData: readonly { readonly name: string; readonly data: RpcTypedData }[];
  readonly triggerMetadata?: Readonly<Record<string, RpcTypedData>>;
  readonly traceContext?: { readonly traceParent: string; readonly traceState?: string };
}

/** What the worker gives a programming model about a call. */
export interface CoreInvocationContext {
  readonly invocationId: string;
  readonly request: RpcInvocationRequest;
  readonly metadata: FunctionMetadata;
  /** The library warns when a function logs after it has ended, unless a hook is running. */
  state?: 'preInvocationHooks' | 'invocation' | 'postInvocationHooks' | undefined;
  log(level: LogLevel, category: string, message: string): void;
}

/** One call, as the library carries it out. */
interface InvocationModel {
  getArguments(): Promise<{ readonly context: unknown; readonly inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: FunctionCallback): Promise<unknown>;
  getResponse(
    context: unknown,
    result: unknown,
  ): Promise<{ readonly returnValue?: RpcTypedData | null }>;
}

/** What `@azure/functions` hands to the worker with `setProgrammingModel`. */
interface ProgrammingModel {
  readonly name: string;
  readonly version: string;
  getInvocationModel(context: CoreInvocationContext): InvocationModel | Promise<InvocationModel>;
  getCapabilities?(
    capabilities: Record<string, string>,
  ): Record<string, string> | Promise<Record<string, string>>;
}

/** Runs before or after something; it may change the context it is given. */
export type HookCallback = (context: object) => void | Promise<void>;

/** The worker returns it for a registration. It can take the registration back, once. */
class Disposable {
  #dispose: (() => void) | undefined;

  constructor(dispose: () => void) {
    this.#dispose = dispose;
  }

  /** One that disposes of all `parts`. */
  static from(...parts: { dispose: () => unknown }[]): Disposable {
    return new Disposable(() => {
      for (const part of parts) {
        part.dispose();
      }
    });
  }

  dispose(): void {
    this.#dispose?.();
    this.#dispose = undefined;
  }
}
