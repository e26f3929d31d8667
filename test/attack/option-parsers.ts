import fc from 'fast-check';
import { anteroom } from '../../src/anteroom';
import { AppError } from '../../src/errors';
import { decideSignIn } from '../../src/http/context';
import { readBrand } from '../../src/pages/brand';
import { parseSessionData } from '../../src/sessions/session';
import { readSettings, settingDefaults } from '../../src/settings';
import { readProxyRules } from '../../src/functions/api-proxy';
import { readGroupRoles } from '../../src/tokens/graph';
import { longEnough } from '../support/auth-fixture';
import { anything, type Fuzzed, text, withMembers } from '../support/hostile-values';

const signal = longEnough();

/** Values that some option takes, beside those that none takes. */
const values = [
  ...['auth', '/', '/logo.svg', 'public', 'api://orders/Read', 'https://api.example', 'reader', ''],
  ...['<svg xmlns="http://www.w3.org/2000/svg"/>', '#0f6cbd', 'fr', 'GET', '/orders/*', 'x-trace'],
  ...[null, undefined, true, 7, -1, [], {}, () => undefined, /a/],
];
const option = (...names: readonly string[]) =>
  fc.oneof(
    { weight: 2, arbitrary: withMembers(names, ...values) },
    { weight: 1, arbitrary: fc.oneof(fc.constantFrom(...values), anything) },
  );
const proxy = option(
  ...['methods', 'paths', 'roles', 'requestHeaders', 'responseHeaders', 'maxBodyBytes', 'slides'],
);
const orders = option('baseUrl', 'scopes', 'consentAtSignIn', 'maxAnswerBytes', 'proxy').chain(
  (api) =>
    proxy.map((given): unknown => ({ scopes: ['api://o/Read'], proxy: given, ...Object(api) })),
);
const brand = option('name', 'logo', 'accent', 'supportUrl', 'privacyUrl', 'language', 'texts');
const texts = option('frame', 'links', 'home').map((fr) => ({ name: 'A', texts: { fr } }));
const frontEnd = option('folder', 'contentSecurityPolicy', 'headers', 'fallback', 'hashed');
const route = fc.oneof(fc.constantFrom(...values), anything);
/** What a picture may have. */
const harmless = fc.constantFrom(
  ...[
    '<path d="M0 0h8v8z"/>',
    '<g id="on">',
    '</g>',
    '<!-- onload -->',
    '<title>A &amp; B</title>',
  ],
  ...[
    '<use href="#a"/>',
    '<style>g{fill:url(#a)}</style>',
    '<![CDATA[',
    ']]>',
    '\n',
    '"',
    "'",
    '=',
  ],
);
/** What acts in a picture, or loads something. */
const acts = fc.constantFrom(
  ...[
    '<script>a()</script>',
    '<SCRIPT/>',
    '<x:script/>',
    '<g onload="a()"/>',
    "<g\nonclick='a()'/>",
  ],
  ...['<g/onload=a()>', '<a href="javascript:a()"/>', '<a href=" java&#115;cript:a()"/>', '<set/>'],
  ...['<image href="//e.example/a"/>', '<a xlink:href="data:text/html,a"/>', '<animate to="a"/>'],
  ...['<image href="data:image/svg+xml;base64,PA=="/>', '<use href = https://e.example/#a />'],
  ...['<style>@import "//e.example"</style>', '<style>@import/**/url(//e.example)</style>'],
  ...['<style>g{fill:url( "https://e.example" )}</style>', '<style>g{fill:u\\72l(//e)}</style>'],
  ...['<style>g{fill:u&#114;l(//e.example)}</style>', '<style>g{fill:image-set("//e" 1x)}</style>'],
  ...['<foreignObject/>', '<!DOCTYPE svg>', '<!ENTITY a "b">', '<?xml-stylesheet href="//e"?>'],
  ...['<img xmlns="http://www.w3.org/1999/xhtml" srcset="//e.example/a"/>', '<iframe/>'],
);

/** All options right except for one. */
const options = fc.oneof(
  fc.record({
    apis: fc.oneof(
      orders.map((api): unknown => ({ orders: api })),
      route,
    ),
  }),
  fc.record({ brand: fc.oneof(brand, texts) }),
  fc.record({ frontEnd }),
  ...[
    'environment',
    'basePath',
    'namePrefix',
    'healthRoute',
    'homePath',
    'omit',
    'routePrefix',
  ].map((name) => fc.record({ [name]: route })),
  ...['groupRoles', 'onSignIn', 'onSignOut', 'notFoundPage'].map((name) =>
    fc.record({ [name]: route }),
  ),
);

/** Parsers of what settings and the app's own code give, by name. */
export const optionParsers: Record<string, Fuzzed> = {
  readSettings: {
    input: fc.dictionary(fc.constantFrom(...Object.keys(settingDefaults)), text),
    run: (environment: Record<string, string>) => {
      const read = readSettings(environment);
      const told = 'faults' in read ? JSON.stringify(read.faults) : '';
      for (const value of Object.values(environment)) {
        // The sentences have words of their own.
        if (value.length > 40) expect(told).not.toContain(value);
      }
    },
  },
  parseSessionData: {
    input: anything,
    mayThrow: 'TypeError or RangeError',
    run: (value: unknown) => {
      expect(JSON.stringify(parseSessionData(value)).length).toBeLessThanOrEqual(8192);
    },
  },
  readGroupRoles: {
    input: withMembers(
      ['11111111-1111-4111-8111-111111111111', 'group'],
      'reader',
      ['a', 'b'],
      [],
      '',
    ),
    mayThrow: 'TypeError',
    run: (option: never) => {
      for (const roles of readGroupRoles(option).values()) {
        expect(roles.every((role) => typeof role === 'string' && role !== '')).toBe(true);
      }
    },
  },
  readProxyRules: {
    input: fc.record({ pattern: text, path: text.map((rest) => `/${rest}`), header: text }),
    mayThrow: 'TypeError',
    run: ({ pattern, path, header }: { pattern: string; path: string; header: string }) => {
      const open = readProxyRules('proxy', {});
      try {
        open.requirePath(path);
        const url = new URL(`https://api.example/base${path}`);
        // What passes is below the base, by every way to read it.
        expect(decodeURIComponent(url.pathname)).toMatch(/^\/base\//);
        expect(decodeURIComponent(url.pathname)).not.toMatch(/\\|\/\.\.?(\/|$)|[\u0000-\u001f]/);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        expect(error.status).toBeLessThan(500);
      }
      const { requestHeaders } = readProxyRules('proxy', {
        paths: [pattern],
        requestHeaders: [header],
      });
      expect([...requestHeaders].join()).not.toMatch(/cookie|authorization|sec-|x-csrf/i);
    },
  },
  // Of a wrong option, the developer is told its name, not how the code failed on it.
  anteroom: {
    input: options,
    run: (given: Record<string, unknown>) => {
      const [name = ''] = Object.keys(given);
      try {
        anteroom({ routePrefix: '', ...given });
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        expect(error.message.slice(0, name.length)).toBe(name);
      }
    },
  },
  'readBrand, of a logo': {
    input: fc.tuple(fc.array(harmless), acts, fc.array(harmless), fc.boolean()),
    mayThrow: 'TypeError',
    run: ([before, part, after, isUrl]: [string[], string, string[], boolean]) => {
      const svg = `<svg xmlns="http://www.w3.org/2000/svg">${before.join('')}${part}${after.join('')}</svg>`;
      const base64 = Buffer.from(svg).toString('base64');
      readBrand({ name: 'A', logo: isUrl ? `data:image/svg+xml;base64,${base64}` : svg });
      throw new Error(`this logo acts or loads something, and was taken: ${part}`);
    },
  },
  readBrand: {
    input: withMembers(
      ['name', 'logo', 'accent', 'supportUrl', 'privacyUrl', 'language', 'texts'],
      'Contoso',
      '#0f6cbd',
      '/logo.svg',
      'https://contoso.example/',
      'de',
      {},
    ).map((brand) => ({ name: 'Contoso', ...brand })),
    mayThrow: 'TypeError',
    run: (option: never) => {
      const { links, style } = readBrand(option);
      for (const { href } of links) expect(href).toMatch(/^(\/(?![/\\])|https:|mailto:)/i);
      expect(style).not.toContain('<');
    },
  },
  decideSignIn: {
    input: fc.oneof(anything, withMembers(['refuse', 'roles', 'data'], 'No.', ['reader'], {})),
    mayThrow: 'AppError 502 or 503',
    run: async (decision: never) => {
      try {
        const { roles, data } = await decideSignIn(() => decision, {} as never, signal);
        expect(roles.length).toBeLessThanOrEqual(100);
        expect(JSON.stringify(data ?? {}).length).toBeLessThanOrEqual(8192);
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'ERR_SIGN_IN_REFUSED_BY_APP') {
          throw error;
        }
      }
    },
  },
};
