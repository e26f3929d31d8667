import { gunzipSync } from 'node:zlib';

/** Texts that may stand only where they belong, and all that was written where somebody could read it. */
export interface SecretWatch {
  /** Names a secret. The same name may have many values. Values shorter than nine characters are no secrets. */
  plant(what: string, value: string | null | undefined): void;
  /** Keeps what was written in a place. */
  see(where: string, text: string): void;
  /** The places of each secret, also of those that stand nowhere, in the order of the alphabet. */
  places(): Readonly<Record<string, readonly string[]>>;
}

export function createSecretWatch(): SecretWatch {
  const planted = new Map<string, Set<string>>();
  const seen = new Map<string, Set<string>>();
  return {
    plant: (what, value) => {
      const values = planted.get(what) ?? new Set();
      planted.set(what, values);
      if (value && value.length > 8) values.add(value);
    },
    see: (where, text) => {
      const parts = seen.get(where) ?? new Set();
      seen.set(where, parts);
      // A stylesheet stands in every page.
      for (const part of text.split(/[<>\r\n]+/)) parts.add(part);
    },
    places: () => {
      const known = new Map<string, string>();
      const open = (part: string): string => {
        const opened = known.get(part) ?? layersOf(part).join('\n');
        known.set(part, opened);
        return opened;
      };
      const texts = [...seen].map(([where, parts]) => ({
        where,
        text: [...parts].map(open).join('\n'),
      }));
      const placesOf = (values: ReadonlySet<string>) => {
        const pieces = [...new Set([...values].flatMap(piecesOf))];
        return texts
          .filter(({ text }) => pieces.some((piece) => text.includes(piece)))
          .map(({ where }) => where)
          .sort();
      };
      const all = [...planted].map(([what, values]) => [what, placesOf(values)] as const);
      return Object.fromEntries(all.sort(([one], [other]) => (one < other ? -1 : 1)));
    },
  };
}

const pieceLength = 16;

/**
 * A secret is found by its beginning and by its end, so that a shortened one counts too. A token in several parts is found by the
 * last one and by all of the one before: all tokens begin in the same way.
 */
function piecesOf(value: string): readonly string[] {
  const parts = value.split('.');
  const [content, last] = parts.slice(-2);
  if (parts.length < 3 || content === undefined || last === undefined) return endsOf(value);
  return [content, ...endsOf(last)];
}

function endsOf(value: string): readonly string[] {
  return [value.slice(0, pieceLength), value.slice(-pieceLength)];
}

const maxDepth = 4;

/**
 * A text with all that is encoded in it: entities of HTML, escapes of JSON and addresses, base64, hexadecimal digits, gzip. What is
 * encrypted does not open.
 */
function layersOf(text: string, depth = 0): readonly string[] {
  const plain = unescaped(text);
  const inner = depth === maxDepth ? [] : decoded(plain);
  return [...new Set([text, plain, ...inner.flatMap((layer) => layersOf(layer, depth + 1))])];
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', amp: '&' };

function unescaped(text: string): string {
  const once = text
    .replace(/&#(x?)([0-9a-f]+);/gi, (_all, hex: string, digits: string) =>
      String.fromCodePoint(parseInt(digits, hex === '' ? 10 : 16) % 0x110000),
    )
    .replace(/&(lt|gt|quot|amp);/g, (_all, name: string) => entities[name] ?? '')
    .replace(/\\u([0-9a-f]{4})/gi, (_all, digits: string) =>
      String.fromCharCode(parseInt(digits, 16)),
    )
    .replace(/\\([\\/"])/g, '$1')
    .replace(/(?:%[0-9a-f]{2})+/gi, (bytes) =>
      Buffer.from(bytes.replaceAll('%', ''), 'hex').toString('utf8'),
    );
  return once === text ? text : unescaped(once);
}

/** What stands in the text in base64, base64url or hexadecimal digits. It may begin in the middle of a run of such characters. */
function decoded(text: string): readonly string[] {
  const found: string[] = [];
  for (const [run] of text.matchAll(/[A-Za-z0-9+/]{16,}|[A-Za-z0-9_-]{16,}/g)) {
    for (let start = 0; start < 4; start += 1) {
      found.push(...readable(Buffer.from(run.slice(start), 'base64')));
    }
  }
  for (const [run] of text.matchAll(/(?:[0-9a-f]{2}){9,}/gi)) {
    found.push(...readable(Buffer.from(run, 'hex')));
  }
  return found;
}

/** The texts in some bytes: runs of printable characters, which bytes without a meaning hardly have. */
function readable(bytes: Buffer): readonly string[] {
  const open = bytes[0] === 0x1f && bytes[1] === 0x8b ? inflated(bytes) : bytes;
  return open.toString('latin1').match(/[\x20-\x7e]{9,}/g) ?? [];
}

function inflated(bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes);
  } catch {
    return bytes;
  }
}
