import { createHash } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';
import type { HttpResponseInit } from '@azure/functions';
import { AppError } from '../errors';
import type { Handler, RequestContext } from '../http/context';
import type { HttpFunction } from '../http/endpoint';
import { namesTag } from '../http/request';
import type { Brand } from '../pages/brand';
import type { Site } from '../pages/layout';
import { once } from '../waiting';

/** Caches may keep what is the same for everybody, and ask again after five minutes. */
const freshSeconds = 300;

interface Picture {
  readonly type: string;
  readonly bytes: Uint8Array;
  readonly etag: string;
}

/**
 * The policy of a picture. In a page it is only a picture. Opened by its own address it is a document of this site, so nothing in it
 * may act.
 */
const picturePolicy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox";

/**
 * GET auth/brand/{file}: `logo`, `icon.svg` for the tab of the browser, and `touch-icon.png` for the home screen of a phone. They are the
 * same for everybody, so caches may keep them. With faulty settings they are served too, since the page about them shows them.
 * @throws ERR_NOT_FOUND for another file
 */
export function createBrandFunction({ brand }: Site): HttpFunction {
  const pictures: Readonly<Record<string, () => Picture | undefined>> = {
    logo: once(() => logoOf(brand)),
    'icon.svg': once(() => pictureOf('image/svg+xml', Buffer.from(iconText(brand)))),
    'touch-icon.png': once(() => pictureOf('image/png', drawTouchIcon(accentOf(brand)))),
  };
  const find = (file = ''): Picture | undefined =>
    Object.hasOwn(pictures, file) ? pictures[file]?.() : undefined;
  return {
    name: 'brand',
    route: 'brand/{file}',
    get: ({ request }) => {
      const picture = find(request.params['file']);
      if (picture === undefined) throw new AppError('ERR_NOT_FOUND');
      return answerPicture(picture, request.headers.get('if-none-match'));
    },
    answerFaults: (_faulty, request) => {
      const picture = find(request.params['file']);
      return picture === undefined
        ? { status: 404 }
        : answerPicture(picture, request.headers.get('if-none-match'));
    },
  };
}

function answerPicture({ type, bytes, etag }: Picture, known: string | null): HttpResponseInit {
  const headers = { ETag: etag, 'Cache-Control': `public, max-age=${freshSeconds}` };
  if (namesTag(known, etag)) return { status: 304, headers };
  return {
    headers: { ...headers, 'Content-Type': type, 'Content-Security-Policy': picturePolicy },
    body: bytes,
  };
}

function pictureOf(type: string, bytes: Uint8Array): Picture {
  const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
  return { type, bytes, etag };
}

function logoOf({ logo }: Brand): Picture | undefined {
  return logo?.kind === 'picture' ? pictureOf(logo.type, logo.bytes) : undefined;
}

/** The accent on light pages: white is readable on it. */
const accentOf = ({ colors }: Brand): string => colors?.light.accent ?? '#0a5968';

/** The doorway, or the first letter of the app's name, on the accent. */
function iconText(brand: Brand): string {
  const [first = ''] = new Intl.Segmenter('en').segment(brand.name);
  const letter = first === '' ? '' : first.segment.toLocaleUpperCase('en');
  const drawing = brand.isOwn
    ? `<text x="16" y="23" text-anchor="middle" font-family="system-ui,sans-serif" font-size="20" font-weight="600" fill="#fff">${escaped(letter)}</text>`
    : `<path d="M12 27V16a4 4 0 0 1 8 0v11z" fill="#ffbf61"/><path d="M7.5 27V14.5a8.5 8.5 0 0 1 17 0V27M5 27h22" fill="none" stroke="#fff" stroke-width="2" stroke-linecap="round"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="${accentOf(brand)}"/>${drawing}</svg>`;
}

function escaped(text: string): string {
  return text.replace(/[<>&"']/g, (character) => `&#${String(character.codePointAt(0))};`);
}

/** CSS pixels: what Apple's and Android's home screens take. */
const touchIconSize = 180;

/**
 * The doorway on the accent, as PNG: home screens take no SVG.
 * @see https://www.w3.org/TR/png-3/
 */
function drawTouchIcon(accent: string): Uint8Array {
  const ground = [1, 3, 5].map((at) => Number.parseInt(accent.slice(at, at + 2), 16));
  const rows: number[] = [];
  for (let row = 0; row < touchIconSize; row += 1) {
    rows.push(0);
    for (let column = 0; column < touchIconSize; column += 1) {
      rows.push(...colorAt(column, row, ground));
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(touchIconSize, 0);
  header.writeUInt32BE(touchIconSize, 4);
  // Eight bits for each of three colours.
  header.set([8, 2], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.from(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const samples = [0.17, 0.5, 0.83];
const light = [255, 191, 97];
const frame = [255, 255, 255];

/** The mean of nine points of a pixel, so that curves are smooth. */
function colorAt(column: number, row: number, ground: readonly number[]): number[] {
  const found = samples.flatMap((right) =>
    samples.map((down) => {
      const scale = 32 / touchIconSize;
      const [x, y] = [(column + right) * scale, (row + down) * scale];
      if (isInDoor(x, y, 4, 16)) return light;
      const isFrame = isInDoor(x, y, 9.5, 14.5) && !isInDoor(x, y, 7.5, 14.5);
      return isFrame || (y > 26 && y < 28 && x > 5 && x < 27) ? frame : ground;
    }),
  );
  return [0, 1, 2].map((part) =>
    Math.round(found.reduce((sum, color) => sum + (color[part] ?? 0), 0) / found.length),
  );
}

/** A round arch from the floor at 27, `half` wide to each side of the middle. */
function isInDoor(x: number, y: number, half: number, archAt: number): boolean {
  if (y > 27) return false;
  return y < archAt ? Math.hypot(x - 16, y - archAt) < half : Math.abs(x - 16) < half;
}

function chunk(name: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const around = Buffer.alloc(8);
  around.writeUInt32BE(data.length, 0);
  around.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([around.subarray(0, 4), body, around.subarray(4)]);
}

/** `scripts/build.mjs` makes these texts from `src/client/client.ts`. Another build does not define them. */
declare const CLIENT_SCRIPT: string | undefined;
declare const CLIENT_TYPES: string | undefined;
/** The same, from `src/client/continue.ts`. */
declare const CONTINUE_SCRIPT: string | undefined;
const script = typeof CLIENT_SCRIPT === 'undefined' ? undefined : CLIENT_SCRIPT;
const continueScript = typeof CONTINUE_SCRIPT === 'undefined' ? undefined : CONTINUE_SCRIPT;
const types = typeof CLIENT_TYPES === 'undefined' ? undefined : CLIENT_TYPES;

/**
 * GET auth/client.js, auth/client.d.ts and auth/continue.js: the browser client, its types, and the script of the page
 * that goes on by itself. They are the same for everybody, so caches may keep them. After five minutes a cache asks again,
 * and gets 304 until the next deployment.
 * @throws ERR_NOT_FOUND when the bundle was built without them
 */
function serveText(contentType: string, text: string | undefined): Handler {
  const hash = createHash('sha256').update(text ?? '');
  const etag = `"${hash.digest('base64url')}"`;
  return ({ request }: RequestContext): HttpResponseInit => {
    if (text === undefined) throw new AppError('ERR_NOT_FOUND', { note: 'not in this bundle' });
    const headers = { ETag: etag, 'Cache-Control': `public, max-age=${freshSeconds}` };
    if (namesTag(request.headers.get('if-none-match'), etag)) return { status: 304, headers };
    return { headers: { ...headers, 'Content-Type': contentType }, body: text };
  };
}

/** The functions that serve them. Their texts are the same for all requests, so each is hashed once. */
export function createClientFunctions({ authPath }: Site): readonly HttpFunction[] {
  // The client uses `/auth`. For another base path, one more line sets it.
  const more = authPath === '/auth' ? '' : `setAuthPath(${JSON.stringify(authPath)});\n`;
  const client = script === undefined ? undefined : script + more;
  const javascript = 'text/javascript; charset=utf-8';
  return [
    { name: 'client', route: 'client.js', get: serveText(javascript, client) },
    {
      name: 'client-types',
      route: 'client.d.ts',
      get: serveText('text/plain; charset=utf-8', types),
    },
    { name: 'continue', route: 'continue.js', get: serveText(javascript, continueScript) },
  ];
}
