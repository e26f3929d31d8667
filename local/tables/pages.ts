import type { LiveAnswer } from './live-answer';
import { emptyPageOf } from './live-answer';
import type { TablesRequest } from './tables-request';

const [partitionHeader, rowHeader] = [
  'x-ms-continuation-nextpartitionkey',
  'x-ms-continuation-nextrowkey',
] as const;

/** Stands for the place before the first row. No key of a row has this character. */
const beginning = '\u0001';

/** What pages of a list look like. */
export interface Pages {
  /** Whether this list begins with an empty page. */
  holdsBack(asked: TablesRequest): boolean;
  /** The empty page, which leads to the first rows. */
  emptyPage(asked: TablesRequest): LiveAnswer;
  /** Whether the client comes back from that empty page. */
  goesOnFromBeginning(asked: TablesRequest): boolean;
  /** The path for Azurite, with its own continuation; `undefined` when the client made one up. */
  pathBehind(asked: TablesRequest): string | undefined;
  /** Learns from an answer of Azurite which tables there are. */
  learn(asked: TablesRequest, status: number): void;
  /** The answer with a continuation in the service's form. */
  withContinuation(answer: LiveAnswer): LiveAnswer;
}

/**
 * Table Storage may answer any list with an empty page and a continuation: at the border of a partition server, or after
 * five seconds. Here every list begins with one once the table is known, since a missing table must be answered as missing.
 * Continuations are opaque texts, and that of the row may be absent. They hold the place itself, so they outlive a restart.
 * Microsoft Learn, "Query timeout and pagination".
 */
export function createPages(): Pages {
  const known = new Set<string>();
  return {
    holdsBack: ({ kind, path, table }) =>
      kind === 'list' && known.has(table) && !queryOf(path).has('NextPartitionKey'),
    emptyPage: (asked) => {
      const page = emptyPageOf(asked);
      return { ...page, headers: { ...page.headers, [partitionHeader]: opaque(beginning) } };
    },
    goesOnFromBeginning: ({ kind, path }) =>
      kind === 'list' && clear(queryOf(path).get('NextPartitionKey') ?? '') === beginning,
    pathBehind,
    learn: ({ kind, method, path, table }, status) => {
      if (kind === 'table') {
        if (method === 'DELETE') known.clear();
      } else if (status < 300 && table !== '' && !path.includes('$batch')) {
        known.add(table);
      }
    },
    withContinuation: (answer) => {
      const headers = { ...answer.headers };
      for (const name of [partitionHeader, rowHeader]) {
        const place = headers[name];
        if (typeof place === 'string') headers[name] = opaque(place);
      }
      return { ...answer, headers };
    },
  };
}

function pathBehind({ kind, path }: TablesRequest): string | undefined {
  if (kind !== 'list') return path;
  const [resource = '', query = ''] = path.split(/\?(.*)/s);
  const kept: string[] = [];
  for (const part of query.split('&')) {
    const [name = '', value = ''] = part.split(/=(.*)/s);
    if (name !== 'NextPartitionKey' && name !== 'NextRowKey') {
      kept.push(part);
      continue;
    }
    const place = clear(decodeURIComponent(value));
    if (place === undefined) return undefined;
    if (place !== beginning) kept.push(`${name}=${encodeURIComponent(place)}`);
  }
  return `${resource}?${kept.join('&')}`;
}

function queryOf(path: string): URLSearchParams {
  return new URL(path, 'http://tables').searchParams;
}

/** `1!12!Y29udFRva2Vu`: a version, the length, and base64 with `-` for `=`. */
function opaque(place: string): string {
  const text = Buffer.from(place).toString('base64').replaceAll('=', '-');
  return `1!${text.length}!${text}`;
}

function clear(token: string): string | undefined {
  const [, length, text = ''] = /^1!(\d+)!([A-Za-z0-9+/]+-{0,2})$/.exec(token) ?? [];
  if (Number(length) !== text.length) return undefined;
  return Buffer.from(text.replaceAll('-', '='), 'base64').toString();
}
