import { readFileSync } from 'node:fs';
import { localPath } from './http/wanted-page';
import { isObject, parseJson } from './bodies';
import { type BrandOption, readBrand } from './pages/brand';
import type { MenuPage, Site } from './pages/layout';

interface SiteOptions {
  readonly basePath: string;
  readonly routePrefix?: string;
  readonly homePath?: string;
  readonly omit?: readonly MenuPage[];
  readonly brand?: BrandOption;
}

const menuPages: readonly MenuPage[] = ['me', 'sessions', 'admin'];

/**
 * The paths and the brand of an app's pages, from the options of `anteroom`.
 * @throws TypeError for an option with which links or people would leave the app, and for a faulty brand
 */
export function siteOf({
  basePath,
  routePrefix = readRoutePrefix(),
  homePath = '/',
  omit = [],
  brand,
}: SiteOptions): Site {
  requireBasePath(basePath);
  // The host removes these slashes too. With them our links would begin with two slashes, and lead to another host.
  const prefix = routePrefix.replace(/^\/+|\/+$/g, '');
  if (prefix !== '' && !plainRoute.test(prefix)) {
    throw new TypeError('routePrefix must be names with slashes between them, or empty');
  }
  const site = {
    authPath: `/${[prefix, basePath].filter((path) => path !== '').join('/')}`,
    routePrefix: prefix === '' ? '' : `/${prefix}`,
    menu: menuPages.filter((page) => !omit.includes(page)),
    brand: readBrand(brand),
  };
  const home = localPath({ ...site, homePath: '' }, homePath);
  if (home === '') {
    throw new TypeError(
      'homePath must be a path of the app, for example /api/hello, and not a page of the sign-in',
    );
  }
  return { ...site, homePath: home };
}

/** The host refuses a route that begins with `admin` or `runtime`, or has a slash at an end (Azure/azure-functions-host#1781). */
function requireBasePath(basePath: string): void {
  if (/^[a-z0-9][a-z0-9-]*(\/[a-z0-9-]+)*$/.test(basePath) && !/^(admin|runtime)/.test(basePath)) {
    return;
  }
  throw new TypeError(
    'basePath must be lower-case words with slashes between them, and must not begin with admin or runtime',
  );
}

/** Names with slashes between them. Other characters would make another address, or a parameter of the route. */
const plainRoute = /^(?!.*(^|\/)\.{1,2}(\/|$))[\w.~-]+(\/[\w.~-]+)*$/;

/** @throws TypeError for a route that the Functions host would refuse */
export function requireHealthRoute(route: string): void {
  if (plainRoute.test(route) && !/^(admin|runtime)/i.test(route)) return;
  throw new TypeError(
    'healthRoute must be names with slashes between them, and must not begin with admin or runtime',
  );
}

/**
 * The app's route prefix. The Node.js worker makes the app's folder the current one before it loads the app. An app setting
 * has precedence over `host.json`.
 * @see https://github.com/Azure/azure-functions-nodejs-worker `FunctionEnvironmentReloadHandler`
 * @see https://learn.microsoft.com/azure/azure-functions/functions-host-json#override-hostjson-values
 */
function readRoutePrefix(): string {
  // eslint-disable-next-line no-restricted-properties -- a setting of the host, not of ours
  const setting = process.env['AzureFunctionsJobHost__extensions__http__routePrefix'];
  return setting ?? routePrefixInFile() ?? 'api';
}

/** Strings are matched first, so that a comment inside a string stays. */
const commentsAndLastCommas = /("(?:[^"\\]|\\.)*")|\/\/.*|\/\*[^]*?\*\/|,(?=\s*[}\]])/g;

/** @throws TypeError */
function routePrefixInFile(): string | undefined {
  const file = readHostFile();
  const extensions = isObject(file) ? file['extensions'] : undefined;
  const http = isObject(extensions) ? extensions['http'] : undefined;
  const prefix = isObject(http) ? http['routePrefix'] : undefined;
  return typeof prefix === 'string' ? prefix : undefined;
}

function readHostFile(): unknown {
  let text: string;
  try {
    text = readFileSync('host.json', 'utf8');
  } catch (cause) {
    throw new TypeError('host.json cannot be read: give the option routePrefix', { cause });
  }
  // The host accepts a byte order mark, comments, and a comma after the last member.
  const file = parseJson(text.replace(/^\uFEFF/, '').replace(commentsAndLastCommas, '$1'));
  if (file === undefined) throw new TypeError('host.json is not JSON');
  return file;
}

/**
 * The app's `functionTimeout` in seconds, where it is less than an hour. Every plan allows five minutes, so a timeout that
 * is not written, or that cannot be read, counts as infinite here.
 * @see https://learn.microsoft.com/azure/azure-functions/functions-host-json#functiontimeout
 */
export function readFunctionTimeout(): number {
  // eslint-disable-next-line no-restricted-properties -- a setting of the host, not of ours
  const setting = process.env['AzureFunctionsJobHost__functionTimeout'];
  const [, minutes, seconds = 0] =
    /^0{1,2}:(\d{1,2})(?::(\d{1,2}))?$/.exec(setting ?? timeoutInFile()) ?? [];
  return Number(minutes) * 60 + Number(seconds) || Infinity;
}

function timeoutInFile(): string {
  try {
    const file = readHostFile();
    return isObject(file) ? String(file['functionTimeout']) : '';
  } catch {
    // With the option `routePrefix` nobody needs the file.
    return '';
  }
}
