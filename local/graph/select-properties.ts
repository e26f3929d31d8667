import type { GraphError } from './graph-error';

type Properties = Readonly<Record<string, unknown>>;

/** What a `$select` leaves of a resource. */
export interface Selection {
  /** `(displayName,mail)` for the context, or nothing. */
  readonly suffix: string;
  of(resource: Properties): Properties;
}

/**
 * Reads `$select`.
 * https://learn.microsoft.com/graph/query-parameters#select-parameter
 * @param known the names that there are; undefined: any, since there is no resource to ask
 * @param type for the error: `microsoft.graph.user`
 */
export function readSelection(
  url: URL,
  known: readonly string[] | undefined,
  type: string,
): Selection | GraphError {
  const text = url.searchParams.get('$select') ?? '';
  const names = text.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
  const unknown = names.find((name) => known?.includes(name) === false);
  if (unknown !== undefined) {
    const message = `Could not find a property named '${unknown}' on type '${type}'.`;
    return { status: 400, code: 'Request_BadRequest', message };
  }
  if (names.length === 0) return { suffix: '', of: (resource) => resource };
  return {
    suffix: `(${names.join(',')})`,
    of: (resource) =>
      Object.fromEntries(
        Object.entries(resource).filter(([name]) => names.includes(name) || name.startsWith('@')),
      ),
  };
}
