import { compileRoute, type RouteSegment } from './compile-route';
import type { RegisteredFunction } from './functions-core';
import { logCategory, type Log } from './log';
import { matchRoute } from './match-route';

/** A function that answers HTTP requests. */
export interface HttpFunction {
  readonly name: string;
  readonly registered: RegisteredFunction;
  /** Name of the trigger binding: under it the request is handed over. */
  readonly bindingName: string;
  /** Upper case. */
  readonly methods: readonly string[];
  /** Prefix and route, without a leading slash. */
  readonly route: string;
  readonly segments: readonly RouteSegment[];
  readonly isAnonymous: boolean;
}

/**
 * The HTTP functions in the order the real host loads and tries them: alphabetically by function name. What the
 * real host would refuse to load is logged and left out: reserved routes, and routes and names that a function
 * before it has.
 */
export function createRoutes(
  functions: Iterable<RegisteredFunction>,
  routePrefix: string,
  log: Log,
): readonly HttpFunction[] {
  const routes: HttpFunction[] = [];
  const byName = [...functions].sort((a, b) => compareNames(a.metadata.name, b.metadata.name));
  for (const registered of byName) {
    const { name } = registered.metadata;
    try {
      const route = createRoute(registered, routePrefix);
      if (route !== undefined) {
        refuseConflict(route, routes);
        routes.push(route);
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log('error', logCategory.startup, `The '${name}' function is in error: ${reason}`);
    }
  }
  return routes;
}

/** The first function that takes the method on the (decoded) path, and its route parameters. */
export function findRoute(
  routes: readonly HttpFunction[],
  method: string,
  path: string,
): { readonly route: HttpFunction; readonly params: Readonly<Record<string, string>> } | undefined {
  for (const route of routes) {
    const params = route.methods.includes(method) ? matchRoute(route.segments, path) : undefined;
    if (params !== undefined) {
      return { route, params };
    }
  }
  return undefined;
}

function createRoute(
  registered: RegisteredFunction,
  routePrefix: string,
): HttpFunction | undefined {
  const { name, bindings } = registered.metadata;
  const trigger = Object.entries(bindings).find(
    ([, binding]) => binding.type?.toLowerCase() === 'httptrigger',
  );
  if (trigger === undefined) {
    return undefined;
  }
  const [bindingName, { route: written, methods, authLevel }] = trigger;
  const own = typeof written === 'string' && written.trim() !== '' ? written : name;
  const trimmed = own.replace(/^\/+|\/+$/g, '');
  if (/^(admin|runtime)/i.test(trimmed)) {
    throw new Error('The specified route conflicts with one or more built in routes.');
  }
  const route = [routePrefix, trimmed].filter((part) => part !== '').join('/');
  return {
    name,
    registered,
    bindingName,
    methods: methodList(methods),
    route,
    segments: compileRoute(route),
    isAnonymous: typeof authLevel !== 'string' || authLevel.toLowerCase() === 'anonymous',
  };
}

function methodList(methods: unknown): readonly string[] {
  return Array.isArray(methods) ? methods.map((method) => String(method).toUpperCase()) : [];
}

function refuseConflict(route: HttpFunction, others: readonly HttpFunction[]): void {
  for (const other of others) {
    if (other.name.toLowerCase() === route.name.toLowerCase()) {
      throw new Error(`The name '${route.name}' must be unique within the function app.`);
    }
    const sharesMethod = route.methods.some((method) => other.methods.includes(method));
    if (sharesMethod && other.route.toLowerCase() === route.route.toLowerCase()) {
      throw new Error(`The route conflicts with the route defined by function '${other.name}'.`);
    }
  }
}

function compareNames(a: string, b: string): number {
  const [left, right] = [a.toLowerCase(), b.toLowerCase()];
  return left < right ? -1 : left > right ? 1 : 0;
}
