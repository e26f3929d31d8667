import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { isObject, parseJson } from './bodies';
import type { FrontEndOptions } from './functions/front-end';
import type { OnSignIn, OnSignOut } from './http/context';
import { localPath } from './http/request';
import { type BrandOption, readBrand } from './pages/brand';
import type { MenuPage, Site } from './pages/layout';
import type { Environment } from './settings';
import type { ApisOption } from './tokens/apis';
import type { GroupRolesOption } from './tokens/graph';

/**
 * Options that belong in code. Everything else is a setting of the app.
 * @typeParam Api the names of the declared APIs
 */
export interface AnteroomOptions<Api extends string = string> {
  /** Settings by name; `process.env` unless given. The first request reads them. */
  readonly environment?: Environment;
  /**
   * The app's route prefix. Unless given, it is read from `host.json`; `api` when that has none, as for the Functions host.
   * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-http-webhook#hostjson-settings
   */
  readonly routePrefix?: string;
  /** The path of our functions below the route prefix, without slashes at its ends. `auth` unless given. */
  readonly basePath?: string;
  /** The prefix of our functions' names, so that they differ from the app's own. `auth-` unless given. */
  readonly namePrefix?: string;
  /** The route of the health check below the route prefix. `<basePath>/health` unless given. */
  readonly healthRoute?: string;
  /** The app's own home page. "Home" leads there, and so does a sign-in without a wanted page. `/` unless given. */
  readonly homePath?: string;
  /**
   * Whose app this is, on all our pages: name, logo, colour, links to support and privacy, language and texts. Without it the pages say "Anteroom".
   * @see https://www.w3.org/TR/WCAG22/#contrast-minimum
   * @example
   * ```ts
   * import { anteroom } from 'anteroom';
   *
   * export const auth = anteroom({
   *   brand: {
   *     name: 'Contoso Orders',
   *     logo: '/logo.svg',
   *     accent: '#0b5cab',
   *     supportUrl: 'mailto:help@contoso.example',
   *     privacyUrl: 'https://contoso.example/privacy',
   *   },
   * });
   * ```
   */
  readonly brand?: BrandOption;
  /** Pages of ours that the app leaves out: they get no function and no entry in the menu. */
  readonly omit?: readonly MenuPage[];
  /**
   * The folder of a built single-page app or of plain pages, such as `public`. Its files answer every address that no function
   * answers. The app needs an empty route prefix. Files with a hash in their name are kept by caches for a year; `index.html` is
   * asked for each time, and it answers the routes of the front end too.
   * @example
   * ```ts
   * import { app } from '@azure/functions';
   * import { anteroom } from 'anteroom';
   *
   * export const auth = anteroom({
   *   frontEnd: {
   *     folder: 'public',
   *     contentSecurityPolicy: "default-src 'self'; img-src 'self' https://images.contoso.example",
   *   },
   * });
   * auth.register(app);
   * ```
   */
  readonly frontEnd?: string | FrontEndOptions;
  /**
   * True: an address that no function answers gets a page with 404, or problem details, instead of the host's empty answer. `false`
   * unless given. With `frontEnd` it is always there. The function is the last one that the host asks, so it hides none of yours.
   */
  readonly notFoundPage?: boolean;
  /**
   * The APIs that the app calls, by name: lower-case letters, digits and hyphens. `graph` is always there.
   * @example
   * ```ts
   * import { anteroom } from 'anteroom';
   *
   * export const auth = anteroom({
   *   apis: {
   *     orders: { baseUrl: process.env['ORDERS_URL'], scopes: ['api://orders/Orders.Read'] },
   *   },
   * });
   * ```
   */
  readonly apis?: ApisOption<Api>;
  /**
   * Roles by the object id of the group that gives them, for at most 200 groups. Guards treat them as roles of the ID token.
   * The registration must put groups into ID tokens (`groupMembershipClaims`). A user with more than 200 groups needs one
   * request to Microsoft Graph for each 20 groups that are named here, at the sign-in and at each revalidation.
   * @see https://learn.microsoft.com/entra/identity-platform/optional-claims#configure-groups-optional-claims
   * @example
   * ```ts
   * import { anteroom } from 'anteroom';
   *
   * export const auth = anteroom({
   *   groupRoles: {
   *     '0a4d6f1c-8b1e-4c57-9d7e-2f1b3c5d7e90': 'reader',
   *     '5e2b9c34-1f6a-4d0b-8c3e-7a9b1c2d3e4f': ['reader', 'approver'],
   *   },
   * });
   * ```
   */
  readonly groupRoles?: GroupRolesOption;
  /**
   * Decides about each sign-in after the provider has confirmed it and before its session is opened. It runs at step-ups
   * too, and never when the session is revalidated. It can refuse the person, add roles, and give data to keep. When it
   * throws, takes more than four seconds, or returns something else, nobody is signed in (ERR_SIGN_IN_CHECK_FAILED). A
   * session that the browser had before stays as it is.
   * @example
   * ```ts
   * import { anteroom } from 'anteroom';
   *
   * const plans = new Map([['33333333-3333-4333-8333-333333333333', 'pro']]);
   *
   * export const auth = anteroom({
   *   onSignIn: ({ user }) => {
   *     const plan = plans.get(user.objectId ?? '');
   *     if (plan === undefined) return { refuse: 'Your account is not open yet. Write to orders@contoso.example.' };
   *     return { roles: [plan], data: { plan } };
   *   },
   * });
   * ```
   */
  readonly onSignIn?: OnSignIn;
  /**
   * Called after a person has signed out of this app. What it throws is logged and changes nothing. It is not called for
   * a session that ends in another way: it expires, somebody ends it in a list, or the provider signs the person out.
   * Nobody can read its data then. The sign-out waits two seconds for it at most.
   * @example
   * ```ts
   * import { anteroom } from 'anteroom';
   *
   * export const auth = anteroom({
   *   onSignOut: ({ data, reason }) => {
   *     console.log(`cart ${String(data['cart'])} is closed: ${reason}`);
   *   },
   * });
   * ```
   */
  readonly onSignOut?: OnSignOut;
}

const menuPages: readonly MenuPage[] = ['me', 'sessions', 'admin'];

/** Names with slashes between them. Other characters would make another address, or a parameter of the route. */
const plainRoute = /^(?!.*(^|\/)\.{1,2}(\/|$))[\w.~-]+(\/[\w.~-]+)*$/;

const known = ({ expected }: v.BaseIssue<unknown>): string => {
  if (expected === 'never') return 'is not known';
  return expected === 'Object' ? 'must be an object' : 'is missing';
};
const text = v.string('must be a text');
/** The host refuses a route that begins with `admin` or `runtime`, or has a slash at an end (Azure/azure-functions-host#1781). */
const route = (form: RegExp, words: string) =>
  v.optional(
    v.pipe(
      text,
      v.check(
        (given) => form.test(given) && !/^(admin|runtime)/i.test(given),
        `must be ${words} with slashes between them, and must not begin with admin or runtime`,
      ),
    ),
  );
const flag = v.optional(v.boolean('must be true or false'));
const list = v.optional(v.array(v.string('must be a list of texts'), 'must be a list of texts'));
const textOr = (other: v.GenericSchema): v.GenericSchema =>
  v.lazy((input) => (typeof input === 'string' ? text : other));
const pages = `must be a list of some of ${menuPages.join(', ')}`;
const hook = v.optional(v.function('must be a function'));
/** What reads this option says what is wrong with it. */
const readLater = v.optional(v.unknown());

const proxySchema = v.strictObject(
  {
    methods: list,
    paths: list,
    requestHeaders: list,
    responseHeaders: list,
    roles: v.optional(textOr(list)),
    maxBodyBytes: readLater,
    slides: flag,
  },
  known,
);

const apiSchema = v.strictObject(
  {
    baseUrl: v.optional(text),
    scopes: readLater,
    maxAnswerBytes: readLater,
    consentAtSignIn: flag,
    proxy: v.optional(v.lazy((input) => (typeof input === 'object' ? proxySchema : flag))),
  },
  known,
);

const frontEndSchema = v.strictObject(
  {
    folder: v.pipe(text, v.nonEmpty('must be a folder')),
    contentSecurityPolicy: v.optional(text),
    headers: v.optional(v.record(v.string(), text, known)),
    fallback: flag,
    hashed: v.optional(v.instance(RegExp, 'must be a regular expression')),
  },
  known,
);

const brandSchema = v.strictObject(
  {
    name: readLater,
    logo: readLater,
    accent: readLater,
    supportUrl: readLater,
    privacyUrl: readLater,
    language: readLater,
    texts: readLater,
  },
  known,
);

/** The kinds of values. What they mean is checked by what reads them. */
const optionsSchema = v.strictObject(
  {
    environment: v.optional(v.record(v.string(), v.optional(text), known)),
    routePrefix: v.optional(text),
    homePath: v.optional(text),
    basePath: route(/^[a-z0-9][a-z0-9-]*(\/[a-z0-9-]+)*$/, 'lower-case words'),
    healthRoute: route(plainRoute, 'names'),
    // The host takes 128 characters of this form: `FunctionNameValidationRegex` of Azure/azure-functions-host.
    namePrefix: v.optional(
      v.pipe(
        text,
        v.regex(
          /^(?:[a-z][\w-]{0,79})?$/i,
          'must be letters, digits, - and _, with a letter first',
        ),
      ),
    ),
    brand: v.optional(brandSchema),
    omit: v.optional(v.array(v.picklist(menuPages, pages), pages)),
    frontEnd: v.optional(textOr(frontEndSchema)),
    notFoundPage: flag,
    apis: v.optional(v.record(v.string(), apiSchema, known)),
    groupRoles: v.optional(v.record(v.string(), v.unknown(), known)),
    onSignIn: hook,
    onSignOut: hook,
  },
  known,
);

/**
 * Refuses options of another kind, and options that there are not: a misspelled `onSignIn` would let everybody in.
 * @throws TypeError that begins with the option
 */
export function requireOptions(options: unknown): void {
  const { issues } = v.safeParse(optionsSchema, options, { abortEarly: true });
  if (issues === undefined) return;
  throw new TypeError(`${v.getDotPath(issues[0]) ?? 'options'} ${issues[0].message}`);
}

interface SiteOptions {
  readonly basePath: string;
  readonly routePrefix?: string;
  readonly homePath?: string;
  readonly omit?: readonly MenuPage[];
  readonly brand?: BrandOption;
}

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
 * The app's `functionTimeout` in seconds, if it is less than an hour. Every plan allows five minutes, so a timeout that
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
