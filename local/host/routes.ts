import type { RegisteredFunction } from './functions-core';
import { type Log, logCategory } from './host-files';

/** A function that answers HTTP requests. */
export interface HttpFunction {
  readonly name: string;
  readonly registered: RegisteredFunction;
  /** Name of the trigger binding. The worker gets the request under it. */
  readonly bindingName: string;
  /** Upper case. */
  readonly methods: readonly string[];
  /** Prefix and route, without a leading slash. */
  readonly route: string;
  readonly segments: readonly RouteSegment[];
  readonly isAnonymous: boolean;
}

/**
 * The HTTP functions in the order in which the real host tries them: alphabetically by function name. Functions that the
 * real host does not load are logged and left out: those with a reserved route, or with a route or name of an earlier
 * function.
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

/**
 * Matches a decoded path with a compiled route. Case does not matter, and one slash at the end is ignored. An empty segment
 * (`//x`) never matches.
 * @returns the route parameters, without optional ones that are absent; undefined when the path does not match
 */
export function matchRoute(
  segments: readonly RouteSegment[],
  path: string,
): Readonly<Record<string, string>> | undefined {
  const parts = splitPath(path);
  if (parts === undefined) {
    return undefined;
  }
  const values = new Map<string, string>();
  for (const [index, segment] of segments.entries()) {
    if (segment.kind === 'catch-all') {
      // The rest of the path, with the slash at its end.
      const rest = path.replace(/^\//, '').split('/').slice(index).join('/');
      return takeRest(values, segment.parameter, rest) ? Object.fromEntries(values) : undefined;
    }
    if (!matchSegment(segment, parts[index], values)) {
      return undefined;
    }
  }
  return parts.length > segments.length ? undefined : Object.fromEntries(values);
}

function splitPath(path: string): readonly string[] | undefined {
  const trimmed = path.replace(/^\//, '').replace(/\/$/, '');
  if (trimmed === '') {
    return path === '//' ? undefined : [];
  }
  const parts = trimmed.split('/');
  return parts.includes('') ? undefined : parts;
}

function matchSegment(
  segment: Exclude<RouteSegment, { kind: 'catch-all' }>,
  part: string | undefined,
  values: Map<string, string>,
): boolean {
  switch (segment.kind) {
    case 'literal':
      return part !== undefined && segment.text.toLowerCase() === part.toLowerCase();
    case 'parameter':
      return take(values, segment.parameter, part ?? '');
    case 'mixed': {
      const found = segment.patterns
        .map((pattern) => (part === undefined ? null : pattern.exec(part)))
        .find((match) => match !== null);
      return (
        found !== undefined &&
        segment.parameters.every((each, index) => take(values, each, found[index + 1] ?? ''))
      );
    }
  }
}

function take(values: Map<string, string>, parameter: RouteParameter, sent: string): boolean {
  const value = sent === '' ? parameter.default : sent;
  if (value === undefined) {
    return parameter.isOptional;
  }
  values.set(parameter.name, value);
  return parameter.constraints.every((holds) => holds(value));
}

// A catch-all may be empty: `{*path}` matches the root.
function takeRest(values: Map<string, string>, parameter: RouteParameter, rest: string): boolean {
  return take(values, { ...parameter, isOptional: true }, rest);
}

/** A parameter of a route: `{name}`, `{name?}`, `{name=default}`, `{*name}`, each with constraints. */
interface RouteParameter {
  readonly name: string;
  readonly isOptional: boolean;
  readonly default: string | undefined;
  readonly constraints: readonly RouteConstraint[];
}

/** One part of a route between slashes. */
export type RouteSegment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'parameter'; readonly parameter: RouteParameter }
  | { readonly kind: 'catch-all'; readonly parameter: RouteParameter }
  | {
      /**
       * Parameters and text in one segment: `{name}.{extension}`. The first pattern that matches counts. When the last
       * parameter is optional, a second pattern is without it and its dot.
       */
      readonly kind: 'mixed';
      readonly patterns: readonly RegExp[];
      readonly parameters: readonly RouteParameter[];
    };

/**
 * A route template, ready to be matched with `matchRoute`. Templates are those of ASP.NET Core.
 * @throws Error when the template is not well formed
 */
export function compileRoute(template: string): readonly RouteSegment[] {
  const trimmed = template.replace(/^~?\//, '').replace(/\/$/, '');
  if (trimmed === '') {
    return [];
  }
  const texts = splitOutside(trimmed, '/');
  return texts.map((text, index) => {
    const segment = compileSegment(text, template);
    if (segment.kind === 'catch-all' && index < texts.length - 1) {
      throw new Error(`In the route "${template}" something follows the catch-all parameter.`);
    }
    return segment;
  });
}

function compileSegment(text: string, template: string): RouteSegment {
  if (text === '') {
    throw new Error(`The route "${template}" has an empty segment.`);
  }
  // The regular expression of a constraint may have braces, which are doubled: `{id:regex(^\\d{{3}}$)}`.
  const pieces = text.split(/(\{(?:[^{}]|\{\{|\}\})+\})/).filter((piece) => piece !== '');
  if (pieces.some((piece) => !isParameter(piece) && /[{}]/.test(piece))) {
    throw new Error(`The route "${template}" has a brace without its partner.`);
  }
  const [only] = pieces;
  if (pieces.length > 1 || only === undefined) {
    return compileMixed(pieces, template);
  }
  if (!isParameter(only)) {
    return { kind: 'literal', text: only };
  }
  const isCatchAll = only.startsWith('{*');
  return {
    kind: isCatchAll ? 'catch-all' : 'parameter',
    parameter: compileParameter(only.replace(/^\{\*{0,2}/, '{'), template),
  };
}

function compileMixed(pieces: readonly string[], template: string): RouteSegment {
  const parameters = pieces.filter(isParameter).map((piece) => compileParameter(piece, template));
  const last = pieces.at(-1) ?? '';
  const mayEndBefore = isParameter(last) && parameters.at(-1)?.isOptional === true;
  const optionals = parameters.filter(({ isOptional }) => isOptional).length;
  if (
    optionals > (mayEndBefore ? 1 : 0) ||
    (mayEndBefore && pieces.at(-2)?.endsWith('.') !== true)
  ) {
    throw new Error(
      `In the route "${template}" an optional parameter is not at the end of "${pieces.join('')}", after a dot.`,
    );
  }
  // ASP.NET Core matches from the right, so the last separator decides. Greedy patterns do the same.
  const source = pieces.map((piece) =>
    isParameter(piece) ? '(.+)' : piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
  );
  const whole = new RegExp(`^${source.join('')}$`, 'is');
  if (!mayEndBefore) {
    return { kind: 'mixed', patterns: [whole], parameters };
  }
  // Without the parameter there is no dot either. A path that ends in a dot does not match.
  const shorter = source.slice(0, -1).join('').replace(/\\\.$/, '');
  return { kind: 'mixed', patterns: [whole, new RegExp(`^${shorter}(?<!\\.)$`, 'is')], parameters };
}

function compileParameter(text: string, template: string): RouteParameter {
  const inner = text.slice(1, -1).replaceAll('{{', '{').replaceAll('}}', '}');
  const [declared = '', ...defaults] = splitOutside(inner, '=');
  const isOptional = defaults.length === 0 && declared.endsWith('?');
  const [name = '', ...constraints] = splitOutside(
    isOptional ? declared.slice(0, -1) : declared,
    ':',
  );
  if (name === '') {
    throw new Error(`The route "${template}" has a parameter without a name.`);
  }
  return {
    name,
    isOptional,
    default: defaults.length === 0 ? undefined : defaults.join('='),
    constraints: constraints.map(parseRouteConstraint),
  };
}

function isParameter(piece: string): boolean {
  return piece.startsWith('{') && piece.endsWith('}');
}

/** Whether the decoded value of a route parameter is acceptable. */
type RouteConstraint = (value: string) => boolean;

const plain: Record<string, RouteConstraint> = {
  alpha: (value) => /^[a-z]*$/i.test(value),
  bool: (value) => /^(true|false)$/i.test(value),
  datetime: (value) => !Number.isNaN(Date.parse(value)),
  decimal: (value) => /^[+-]?(\d+\.?\d*|\.\d+)$/.test(value),
  double: (value) => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value),
  float: (value) => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value),
  guid: (value) =>
    /^(\{[0-9a-f-]{36}\}|\([0-9a-f-]{36}\)|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32})$/i.test(
      value,
    ),
  int: (value) => isWhole(value, -(2n ** 31n), 2n ** 31n - 1n),
  long: (value) => isWhole(value, -(2n ** 63n), 2n ** 63n - 1n),
  required: (value) => value !== '',
};

const withArguments: Record<string, (argument: string) => RouteConstraint> = {
  length: (argument) => {
    const [least, max] = numbers(argument);
    return (value) => value.length >= least && value.length <= (max ?? least);
  },
  minlength: (argument) => (value) => value.length >= numbers(argument)[0],
  maxlength: (argument) => (value) => value.length <= numbers(argument)[0],
  min: (argument) => (value) => isWhole(value, BigInt(numbers(argument)[0]), 2n ** 63n - 1n),
  max: (argument) => (value) => isWhole(value, -(2n ** 63n), BigInt(numbers(argument)[0])),
  range: (argument) => {
    const [least, max] = numbers(argument);
    return (value) => isWhole(value, BigInt(least), BigInt(max ?? least));
  },
  regex: (argument) => {
    const pattern = new RegExp(argument, 'i');
    return (value) => pattern.test(value);
  },
};

/**
 * The inline constraint written as `text` in a route template: `int`, `length(2,5)`, `regex(^a$)`.
 * The set is that of ASP.NET Core routing, which the Functions host uses.
 * https://learn.microsoft.com/aspnet/core/fundamentals/routing#route-constraints
 * @throws Error when there is no such constraint
 */
function parseRouteConstraint(text: string): RouteConstraint {
  const parts = /^([a-z]+)(?:\((.*)\))?$/is.exec(text);
  const name = parts?.[1]?.toLowerCase() ?? '';
  const argument = parts?.[2];
  const constraint = argument === undefined ? plain[name] : withArguments[name]?.(argument.trim());
  if (constraint === undefined) {
    throw new Error(`The route constraint "${text}" is not known.`);
  }
  return constraint;
}

function numbers(argument: string): [number, number | undefined] {
  const [first, second] = argument.split(',').map(Number);
  return [first ?? NaN, second];
}

function isWhole(value: string, least: bigint, max: bigint): boolean {
  if (!/^[+-]?\d{1,20}$/.test(value)) {
    return false;
  }
  const whole = BigInt(value.replace(/^\+/, ''));
  return whole >= least && whole <= max;
}

/** Splits `text` at `separator`, but not inside braces or parentheses. */
function splitOutside(text: string, separator: string): readonly string[] {
  const parts = [''];
  let depth = 0;
  for (const character of text) {
    if (character === '{' || character === '(') {
      depth += 1;
    } else if (character === '}' || character === ')') {
      depth -= 1;
    }
    if (character === separator && depth === 0) {
      parts.push('');
    } else {
      parts.push((parts.pop() ?? '') + character);
    }
  }
  return parts;
}
