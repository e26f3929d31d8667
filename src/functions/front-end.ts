import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join, relative, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { HttpResponseInit } from '@azure/functions';
import Negotiator from 'negotiator';
import { AppError } from '../errors';
import type { Handler, RequestContext } from '../http/context';
import type { HttpFunction } from '../http/endpoint';
import { namesTag } from '../http/request';
import type { Site } from '../pages/layout';

/**
 * Where the built files of a front end are, and how they are served.
 * @example
 * ```ts
 * import type { FrontEndOptions } from 'anteroom';
 *
 * export const frontEnd: FrontEndOptions = {
 *   folder: 'public',
 *   headers: { 'Permissions-Policy': 'camera=(self)' },
 *   fallback: false,
 * };
 * ```
 */
export interface FrontEndOptions {
  /** The folder of the built files, from the app's folder, such as `public`. It has an `index.html`. */
  readonly folder: string;
  /**
   * The policy of its HTML pages. Unless given, everything comes from this origin, images and fonts also from `data:`, and
   * no script or style stands in the page itself.
   * @see https://www.w3.org/TR/CSP3/
   */
  readonly contentSecurityPolicy?: string;
  /** More headers of its HTML pages, such as `Permissions-Policy`. They replace headers of Anteroom with the same name. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * True, as it is unless given: an address that nothing else answers shows `index.html`, because the front end has routes of
   * its own. False: it shows `404.html` of the folder, or the page of Anteroom.
   */
  readonly fallback?: boolean;
  /** Which files have a hash of their content in their path, so that caches may keep them for a year. Unless given, it is told by the name. */
  readonly hashed?: RegExp;
}

/**
 * The function that is asked last: the Functions host asks functions in the order of their names. So this name has no prefix, and a
 * function of the app that answers the same address comes first.
 */
export const lastFunctionName = 'zzzz-everything-else';

/** What the host calls with every address that no other function answers. It matches `/` too. */
const everything = { name: lastFunctionName, route: '/{*path}', methods: ['GET', 'HEAD'] } as const;

/** GET of an address that nobody knows: our page or problem details with 404. The host's own answer is empty. */
export const notFoundFunction: HttpFunction = {
  ...everything,
  any: () => {
    throw new AppError('ERR_NOT_FOUND', { note: 'no function and no file has this address' });
  },
};

/**
 * GET of every address that no other function answers: the built files of a front end, and its `index.html` for routes of its
 * own. A file whose name has a hash is kept by caches for a year. For any other file they ask each time, and get 304 while it is the same.
 *
 * The files are listed once, at the start. Only what is in the list is served, so no address leads out of the folder.
 * @throws TypeError for a folder without `index.html`, one that holds the app itself, an app with a route prefix, and a header that cannot be sent
 */
export function createFrontEndFunction(
  option: string | FrontEndOptions,
  { authPath, routePrefix }: Site,
): HttpFunction {
  const options = typeof option === 'string' ? { folder: option } : option;
  const { fallback = true, hashed } = options;
  if (routePrefix !== '') {
    throw new TypeError(
      `frontEnd needs the whole origin, but the app answers below ${routePrefix} only. Set "extensions": { "http": { "routePrefix": "" } } in host.json.`,
    );
  }
  const files = listFiles(options.folder, hashed ?? hashInName);
  const pageHeaders = headersOfPages(options);
  const read = createReader();

  const send = async (context: RequestContext, file: BuiltFile): Promise<HttpResponseInit> => {
    const encoding = bestEncoding(context.request.headers.get('accept-encoding'));
    const { body, etag, contentEncoding } = await read(file, encoding);
    const headers = {
      ETag: etag,
      'Cache-Control': file.isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
      Vary: 'Accept-Encoding',
      ...(file.type.startsWith('text/html') && pageHeaders),
    };
    const isKnown = namesTag(context.request.headers.get('if-none-match'), etag);
    if (isKnown) return { status: 304, headers };
    const encoded = contentEncoding === undefined ? {} : { 'Content-Encoding': contentEncoding };
    return { headers: { ...headers, ...encoded, 'Content-Type': file.type }, body };
  };

  const any: Handler = async (context) => {
    const path = decodedPath(context.path);
    const file = findFile(files, path);
    if (file !== undefined) return send(context, file);
    const [index, notFound] = [files.get('index.html'), files.get('404.html')];
    // An address of the sign-in that does not exist is no route of the front end.
    const isOwnRoute = fallback && !`${path.toLowerCase()}/`.startsWith(`${authPath}/`);
    if (context.isNavigation && isOwnRoute && index !== undefined) return send(context, index);
    if (context.isNavigation && notFound !== undefined) {
      return { ...(await send(context, notFound)), status: 404 };
    }
    throw new AppError('ERR_NOT_FOUND', { note: 'no function and no file has this address' });
  };
  return { ...everything, any };
}

/** A file of the front end. */
interface BuiltFile {
  /** Absolute, on the disk. */
  readonly path: string;
  /** Its `Content-Type`. */
  readonly type: string;
  readonly isHashed: boolean;
}

/** The files by their paths in the folder, with slashes between names. */
type BuiltFiles = ReadonlyMap<string, BuiltFile>;

/** Symbolic links and hidden files are left out, because a build makes none on purpose. `.well-known` is kept (RFC 8615). */
function listFiles(name: string, hashed: RegExp): BuiltFiles {
  const root = resolve(name);
  if (!relative(root, process.cwd()).startsWith('..')) {
    throw new TypeError(
      `frontEnd must be a folder of its own. In ${root} the files of the app would be public.`,
    );
  }
  const files = new Map<string, BuiltFile>();
  const list = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.name.startsWith('.') && entry.name !== '.well-known') continue;
      if (entry.isDirectory()) list(path);
      if (!entry.isFile()) continue;
      const inFolder = relative(root, path).split(sep).join('/');
      const type = types[extname(path).slice(1).toLowerCase()] ?? 'application/octet-stream';
      files.set(inFolder, { path, type, isHashed: hashed.test(inFolder) });
    }
  };
  try {
    list(root);
  } catch (cause) {
    throw new TypeError(`frontEnd: the folder ${root} cannot be read. ${advice}`, { cause });
  }
  if (!files.has('index.html')) {
    throw new TypeError(`frontEnd: there is no index.html in ${root}. ${advice}`);
  }
  return files;
}

const advice = 'Build the front end first, or correct the option.';

/** The file for an address. A folder is answered by its `index.html`, and a page needs no `.html`. */
function findFile(files: BuiltFiles, path: string): BuiltFile | undefined {
  const name = path.replace(/^\//, '');
  if (name === '' || name.endsWith('/')) return files.get(`${name}index.html`);
  return files.get(name) ?? files.get(`${name}.html`) ?? files.get(`${name}/index.html`);
}

/** The path of an address without its query. An address that cannot be decoded stays as it is, and no file has it. */
function decodedPath(address: string): string {
  const path = address.replace(/\?.*$/s, '');
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/**
 * A hash at the end of a name, before its last extensions, as build tools write it: eight or more hexadecimal digits (webpack, Parcel);
 * eight capital letters and digits (esbuild, Angular); eight characters of base64url in a folder (Vite, Rollup). A hash that this does not
 * recognise costs one request. A name that it takes for a hash by mistake would stay old for a year, so it asks for two kinds of characters.
 */
const hashInName =
  /[.-](?:(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,64}|(?=[A-Z]*[2-7])(?=[2-7]*[A-Z])[A-Z2-7]{8})(?:\.\w+)+$|\/[^/]*[.-](?=[\w-]*[A-Z])(?=[\w-]*[a-z])[\w-]{8}(?:\.\w+)+$/;

/** Everything from this origin. Build tools put small images and fonts into `data:` addresses. */
const defaultPolicy =
  "default-src 'self'; img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** @throws TypeError for a header that cannot be sent: each answer would be 500 */
function headersOfPages(options: FrontEndOptions): Readonly<Record<string, string>> {
  const { contentSecurityPolicy = defaultPolicy, headers = {} } = options;
  const all = { ...headers, 'Content-Security-Policy': contentSecurityPolicy };
  for (const [name, value] of Object.entries(all)) {
    if (/^[\w-]+$/.test(name) && /^[!-~](?:[ -~]*[!-~])?$/.test(value)) continue;
    throw new TypeError(`frontEnd: the header ${name} must be one line of printable ASCII`);
  }
  return all;
}

type Encoding = 'br' | 'gzip' | 'identity';

function bestEncoding(accepted: string | null): Encoding {
  if (accepted === null) return 'identity';
  const negotiator = new Negotiator({ headers: { 'accept-encoding': accepted } });
  const allowed = negotiator.encodings(['br', 'gzip', 'identity']);
  return (['br', 'gzip'] as const).find((encoding) => allowed.includes(encoding)) ?? 'identity';
}

interface Content {
  readonly body: Uint8Array;
  readonly etag: string;
  readonly contentEncoding?: Encoding;
}

/** Smaller files do not get smaller; larger ones are read each time and sent as they are, to spare memory. In bytes. */
const compressed = { min: 1_024, max: 2_000_000 };

/**
 * Reads files, and keeps them with their compressed forms. The Functions host compresses nothing, and the files of a deployment do not change.
 * @throws ERR_NOT_FOUND for a file that has gone since the start
 */
function createReader() {
  const kept = new Map<string, Promise<Content>>();
  return async (file: BuiltFile, encoding: Encoding): Promise<Content> => {
    const wanted = compressible.test(file.type) ? encoding : 'identity';
    const key = `${wanted} ${file.path}`;
    const content = kept.get(key) ?? readContent(file, wanted);
    kept.set(key, content);
    try {
      const { body } = await content;
      if (body.length > compressed.max) kept.delete(key);
    } catch (cause) {
      kept.delete(key);
      throw new AppError('ERR_NOT_FOUND', { note: 'a file of the front end has gone', cause });
    }
    return content;
  };
}

async function readContent({ path }: BuiltFile, encoding: Encoding): Promise<Content> {
  const body = await readFile(path);
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 22);
  if (encoding === 'identity' || body.length < compressed.min || body.length > compressed.max) {
    return { body, etag: `"${hash}"` };
  }
  const compress = encoding === 'br' ? promisify(brotliCompress) : promisify(gzip);
  // The usual quality of Brotli (11) takes seconds for a large script.
  const params = { [constants.BROTLI_PARAM_QUALITY]: 6 };
  const smaller = await compress(body, encoding === 'br' ? { params } : {});
  return { body: smaller, etag: `"${hash}-${encoding}"`, contentEncoding: encoding };
}

/** Images, fonts and archives are compressed already. */
const compressible = /^text\/|^application\/(?:json|manifest\+json|wasm|xml)|^image\/svg/;

/** https://www.iana.org/assignments/media-types and https://mimesniff.spec.whatwg.org; with `nosniff` a browser goes by the type alone. */
const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
  json: 'application/json',
  map: 'application/json',
  webmanifest: 'application/manifest+json',
  xml: 'application/xml',
  wasm: 'application/wasm',
  pdf: 'application/pdf',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  ico: 'image/x-icon',
  woff: 'font/woff',
  woff2: 'font/woff2',
  ttf: 'font/ttf',
  otf: 'font/otf',
  mp3: 'audio/mpeg',
  mp4: 'video/mp4',
  webm: 'video/webm',
};
