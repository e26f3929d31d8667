import type { RouteParameter, RouteSegment } from './compile-route';

/**
 * Matches a decoded path with a compiled route: literals without regard to case, one trailing slash
 * ignored, an empty segment (`//x`) never matching.
 * @returns the route parameters, absent optional ones missing; or undefined when it does not match
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
      // The rest as it was sent, a trailing slash included.
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

// A catch-all is content with nothing: `{*path}` matches the root.
function takeRest(values: Map<string, string>, parameter: RouteParameter, rest: string): boolean {
  return take(values, { ...parameter, isOptional: true }, rest);
}
