import { parseRouteConstraint, type RouteConstraint } from './route-constraints';
import { splitOutside } from './split-outside';

/** A parameter of a route: `{name}`, `{name?}`, `{name=default}`, `{*name}`, each with constraints. */
export interface RouteParameter {
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
       * Parameters and text in one segment: `{name}.{extension}`. The first pattern that fits counts: where
       * the last parameter is optional, the second is without it and its dot.
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
  // The regular expression of a constraint may hold braces, doubled: `{id:regex(^\\d{{3}}$)}`.
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
  // Greedy from the left is what ASP.NET Core does from the right: the last separator decides.
  const source = pieces.map((piece) =>
    isParameter(piece) ? '(.+)' : piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
  );
  const whole = new RegExp(`^${source.join('')}$`, 'is');
  if (!mayEndBefore) {
    return { kind: 'mixed', patterns: [whole], parameters };
  }
  // The dot goes with the parameter, and what ends in one does not match.
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
