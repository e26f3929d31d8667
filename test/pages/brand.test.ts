import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { HttpRequest, type HttpResponseInit, InvocationContext } from '@azure/functions';
import { createBrandFunction } from '../../src/functions/assets';

import { htmlPage } from '../../src/http/responses';
import { siteOf } from '../../src/options';
import { type BrandOption, pageColors, readBrand } from '../../src/pages/brand';
import type { Ending } from '../../src/pages/message-page';
import { stylesheet } from '../../src/pages/stylesheet';
import {
  createContextFixture,
  type ContextFixture,
  pageRequest,
  testSite,
} from '../support/context-fixture';
import { samplePage } from './sample-pages';

const xmlns = 'xmlns="http://www.w3.org/2000/svg"';
const logo = `<svg ${xmlns} viewBox="0 0 8 8"><defs><path id="a" d="M0 0h8v8z"/></defs><use href="#a"/></svg>`;
const png = `data:image/png;base64,${Buffer.from('PNG').toString('base64')}`;

const branded = (brand: Partial<BrandOption>) => ({
  ...testSite,
  brand: readBrand({ name: 'Contoso Orders', ...brand }),
});

function pageOf(brand: Partial<BrandOption>): { html: string; headers: Headers } {
  const { body, headers } = htmlPage(pageRequest(branded(brand)), samplePage());
  return { html: typeof body === 'string' ? body : '', headers: new Headers(headers) };
}

describe('a faulty brand is refused at the start', () => {
  it.each<[unknown, RegExp]>([
    [{}, /^brand\.name/],
    [{ name: ' ' }, /^brand\.name/],
    [{ name: 'a\nb' }, /^brand\.name/],
    [{ name: 'a'.repeat(61) }, /^brand\.name/],
    ...['blue', '#12', '#12345g', 'rgb(1,2,3)', '#11223344', 7].map((accent): [unknown, RegExp] => [
      { name: 'A', accent },
      /^brand\.accent must be a colour/,
    ]),
    ...['#fff', '#FAFAFA'].map((accent): [unknown, RegExp] => [
      { name: 'A', accent },
      /^brand\.accent has no contrast/,
    ]),
    ...['javascript:alert(1)', 'http://contoso.example', '//contoso.example', '/\\contoso', ''].map(
      (supportUrl): [unknown, RegExp] => [{ name: 'A', supportUrl }, /^brand\.supportUrl/],
    ),
    [{ name: 'A', privacyUrl: 'mailto:a@contoso.example' }, /^brand\.privacyUrl/],
  ])('%j', (brand, message) => {
    expect(() =>
      siteOf({ basePath: 'auth', routePrefix: '', brand: brand as BrandOption }),
    ).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        message: expect.stringMatching(message) as string,
      }) as Error,
    );
  });

  const inside = (content: string): string => `<svg ${xmlns}>${content}</svg>`;
  it.each([
    7,
    'https://cdn.example/logo.svg',
    '//cdn.example/logo.svg',
    'logo.svg',
    'data:text/html;base64,PGI+',
    'data:image/png,abc',
    '<p>Contoso</p>',
    '<svg><path d="M0 0"/></svg>',
    `<svg ${xmlns}>`,
    inside('<script>alert(1)</script>'),
    inside('<svg:script xlink:href="data:image/png;,x"/>'),
    inside('<a.b:script xmlns:a.b="http://www.w3.org/2000/svg">alert(1)</a.b:script>'),
    inside('<\u00e9:animate xmlns:\u00e9="http://www.w3.org/2000/svg"/>'),
    // A browser reads the escapes of ISO-2022-JP as nothing: <script>.
    `<?xml version="1.0" encoding="ISO-2022-JP"?>${inside('<scr\u001b(Bipt>alert(1)</scr\u001b(Bipt>')}`,
    `<?xml version="1.0" encoding='utf-7'?>${logo}`,
    inside('<g xml:base="https://cdn.example/"><use href="#a"/></g>'),
    inside('<path onload="alert(1)"/>'),
    inside('<path d=""onclick = "alert(1)"/>'),
    inside('<a href="javascript:alert(1)"/>'),
    inside('<a href="&#106;avascript:alert(1)"/>'),
    inside('<image href="https://cdn.example/a.png"/>'),
    inside("<image xlink:href='//cdn.example/a.png'/>"),
    inside('<image href="data:image/svg+xml;base64,PHN2Zz4="/>'),
    inside('<style>@import "https://cdn.example/a.css"</style>'),
    inside('<style>path{fill:url(https://cdn.example/a.svg#b)}</style>'),
    inside('<foreignObject><b>a</b></foreignObject>'),
    inside('<set attributeName="href" to="https://cdn.example"/>'),
    `<!DOCTYPE svg [<!ENTITY a "b">]>${logo}`,
    `<?xml-stylesheet href="https://cdn.example/a.css"?>${logo}`,
    `data:image/svg+xml;base64,${Buffer.from(inside('<script/>')).toString('base64')}`,
  ])('the logo %j', (faulty) => {
    expect(() => readBrand({ name: 'A', logo: faulty as string })).toThrow(/^brand\.logo /);
  });

  it('a logo of more than 64 KB', () => {
    const large = inside(`<!--${'a'.repeat(65_536)}-->`);
    expect(() => readBrand({ name: 'A', logo: large })).toThrow(/64 KB/);
  });

  it('a logo behind many comments, without reading them in all ways', () => {
    const faulty = `${'<!-- a -->'.repeat(4000)}<p/>`;
    expect(() => readBrand({ name: 'A', logo: faulty })).toThrow(/^brand\.logo is no SVG picture/);
  });

  it.each([
    logo,
    `<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<!-- Contoso --><!-- 2026 -->\n${logo}\n`,
    png,
    '/img/logo.png',
  ])('but not the logo %j', (good) => {
    expect(() => readBrand({ name: 'A', logo: good })).not.toThrow();
  });
});

/** Contrast as WCAG 2.2 defines it, of colours in `#rrggbb`. */
function contrast(one: string, other: string): number {
  const [a = 0, b = 0] = [one, other].map((color) => {
    const parts = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255);
    const linear = parts.map((part) =>
      part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * (linear[0] ?? 0) + 0.7152 * (linear[1] ?? 0) + 0.0722 * (linear[2] ?? 0);
  });
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

const long = (color: string): string =>
  color.length === 4 ? color.replace(/(?<=.)./g, '$&$&') : color;

/** Variables of the stylesheet in a scheme. */
function variables(scheme: 'light' | 'dark'): Record<string, string> {
  const [, block = ''] =
    (scheme === 'light' ? /:root\{(.*?)\}/ : /scheme:dark\)\{:root\{(.*?)\}/).exec(stylesheet) ??
    [];
  return Object.fromEntries(
    [...block.matchAll(/--(\w+):(#\w+)/g)].map(([, name = '', color = '']) => [name, long(color)]),
  );
}

describe('people can read every accent', () => {
  const steps = ['00', '22', '55', '80', 'aa', 'dd', 'ff'];
  const accents = steps
    .flatMap((r) => steps.flatMap((g) => steps.map((b) => `#${r}${g}${b}`)))
    .filter((accent) => !['#ffffff', '#dddddd'].includes(accent));

  it.each(['light', 'dark'] as const)('%s: links, buttons, under the pointer too', (scheme) => {
    const { ground = '', card = '', soft = '', ink = '' } = variables(scheme);
    expect(accents).toHaveLength(341);
    const unreadable = accents.flatMap((given) => {
      const colors = readBrand({ name: 'A', accent: given }).colors?.[scheme];
      if (colors === undefined) return [given];
      const { accent, over, on, wash } = colors;
      const pairs = [
        ...[ground, card].flatMap((behind) => [
          [accent, behind],
          [over, behind],
        ]),
        ...[accent, soft, ink].map((text) => [text, wash]),
        ...[accent, over].map((behind) => [on, behind]),
      ];
      const worst = Math.min(...pairs.map(([one = '', other = '']) => contrast(one, other)));
      return worst < 4.5 || accent === over ? [`${given} ${String(worst)}`] : [];
    });
    expect(unreadable).toEqual([]);
  });

  it('stays as it is where it can be read', () => {
    const colors = readBrand({ name: 'A', accent: '#0b5cab' }).colors;
    expect(colors?.light).toMatchObject({ accent: '#0b5cab', on: '#ffffff' });
    expect(colors?.dark.accent).not.toBe('#0b5cab');
  });

  it.each(['light', 'dark'] as const)('%s: secondary texts have the contrast of AAA', (scheme) => {
    const of = variables(scheme);
    const pairs = [
      ...['ground', 'card', 'wash'].map((behind) => ['soft', behind]),
      ...['wait', 'bad', 'accent'].map((text) => [text, 'card']),
    ];
    const weak = pairs.filter(
      ([one = '', other = '']) => contrast(of[one] ?? '', of[other] ?? '') < 7,
    );
    expect(weak).toEqual([]);
  });

  it('counts on the grounds of the stylesheet', () => {
    const { light, dark } = { light: variables('light'), dark: variables('dark') };
    expect(pageColors).toEqual({
      light: { ground: light['ground'], soft: light['soft'] },
      dark: { ground: dark['card'], soft: dark['soft'] },
    });
  });
});

describe('a page with a brand', () => {
  it('has its name, logo, colours and links, and a policy that lets them through', () => {
    const { html, headers } = pageOf({
      ...{ logo, accent: '#0b5cab' },
      ...{ supportUrl: 'mailto:help@contoso.example', privacyUrl: '/privacy' },
    });
    expect(html).toContain('<title>Signed out · Contoso Orders</title>');
    expect(html).toContain('<img class="logo" src="/auth/brand/logo" alt/>Contoso Orders');
    expect(html).toContain('<link rel="icon" href="/auth/brand/logo"/>');
    expect(html).toContain('<a href="mailto:help@contoso.example">Support</a>');
    expect(html).toContain('<a href="/privacy">Privacy</a>');
    expect(html).not.toContain('Anteroom');
    const policy = headers.get('content-security-policy') ?? '';
    const styles = [...html.matchAll(/<style>(.*?)<\/style>/g)].map(([, style = '']) => style);
    expect(styles).toEqual([stylesheet, expect.stringContaining('--accent:#0b5cab')]);
    for (const style of styles) {
      const hash = createHash('sha256').update(style).digest('base64');
      expect(policy).toContain(`'sha256-${hash}'`);
    }
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("img-src 'self';");
  });

  it('shows a file of the app as it is, also on a home screen', () => {
    const { html } = pageOf({ logo: '/img/logo.png' });
    expect(html).toContain('<img class="logo" src="/img/logo.png" alt/>');
    expect(html).toContain('<link rel="apple-touch-icon" href="/img/logo.png"/>');
  });

  it('leads to its help first where the person must ask, and last where the app is at fault', () => {
    const site = branded({ supportUrl: 'mailto:help@contoso.example' });
    const linksOf = (ending: Ending, on = site): readonly (string | undefined)[] => {
      const { body } = htmlPage(pageRequest(on), samplePage(undefined, ending));
      const html = typeof body === 'string' ? body : '';
      return [...html.matchAll(/<a class="button[^>]*>([^<]*)</g)].map(([, text]) => text);
    };
    expect(linksOf('ask')).toEqual(['Ask for help', 'Home', 'Other']);
    expect(linksOf('ours')).toEqual(['Home', 'Other', 'Ask for help']);
    expect(linksOf('yours')).toEqual(['Home', 'Other']);
    expect(linksOf('ask', branded({}))).toEqual(['Home', 'Other']);
  });

  it('has no footer without links, and no doorway in the header without a logo', () => {
    const { html } = pageOf({});
    expect(html).not.toContain('<footer');
    expect(html).toContain('<a class="brand" href="/">Contoso Orders</a>');
  });

  it('takes a name with markup as text', () => {
    const { html } = pageOf({ name: '</title><script>alert(1)</script>' });
    expect(html).not.toContain('<script');
  });

  it('takes a text with markup as text', () => {
    const { html } = pageOf({ texts: { en: { frame: { skip: '<img src=x onerror=alert(1)>' } } } });
    expect(html).toContain('&lt;img src=x');
    expect(html).not.toContain('<img src=x');
  });
});

describe('the pictures of a brand', () => {
  let fixture: ContextFixture;
  beforeAll(async () => {
    fixture = await createContextFixture();
  });
  afterAll(() => fixture.stop());

  async function get(
    file: string,
    brand?: Partial<BrandOption>,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; headers: Headers; bytes: Buffer }> {
    const { get: handler } = createBrandFunction(brand === undefined ? testSite : branded(brand));
    const path = `/auth/brand/${file}`;
    const context = fixture.context(path);
    const url = `http://localhost${path}`;
    const request = new HttpRequest({ method: 'GET', url, headers, params: { file } });
    const { status, headers: given, body } = (await handler?.({ ...context, request })) ?? {};
    return {
      status: status ?? 200,
      headers: new Headers(given),
      bytes: Buffer.from(body instanceof Uint8Array ? body : []),
    };
  }

  it('are served with their type, to caches too, and can do nothing when opened alone', async () => {
    const answer = await get('logo', { logo });
    expect(answer.bytes.toString()).toBe(logo);
    expect(answer.headers.get('content-type')).toBe('image/svg+xml');
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none';.*sandbox$/);
    const etag = answer.headers.get('etag') ?? '';
    expect((await get('logo', { logo }, { 'if-none-match': etag })).status).toBe(304);
    const raster = await get('logo', { logo: png });
    expect([raster.headers.get('content-type'), raster.bytes.toString()]).toEqual([
      'image/png',
      'PNG',
    ]);
  });

  it('are drawn where the app gives none: its first letter on its accent', async () => {
    const icon = await get('icon.svg', { name: '<b>', accent: '#0b5cab' });
    expect(icon.bytes.toString()).toContain('fill="#0b5cab"');
    expect(icon.bytes.toString()).toContain('>&#60;</text>');
    const door = await get('icon.svg');
    expect(door.bytes.toString()).not.toContain('<text');
  });

  it('have one for home screens, a PNG of 180 by 180 pixels', async () => {
    const { bytes } = await get('touch-icon.png', { accent: '#0b5cab' });
    expect(bytes.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
    expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([180, 180]);
    const length = bytes.readUInt32BE(33);
    expect(bytes.subarray(37, 41).toString()).toBe('IDAT');
    const pixels = inflateSync(bytes.subarray(41, 41 + length));
    expect(pixels).toHaveLength(180 * (1 + 180 * 3));
    expect([...pixels.subarray(1, 4)]).toEqual([0x0b, 0x5c, 0xab]);
  });

  it('are no others', async () => {
    for (const file of ['logo', 'constructor', 'x']) {
      await expect(get(file)).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
    }
  });

  it('are served while settings have faults, since the page about them shows them', () => {
    const { answerFaults } = createBrandFunction(branded({ logo }));
    const url = 'http://localhost/auth/brand/logo';
    const request = new HttpRequest({ method: 'GET', url, params: { file: 'logo' } });
    const invocation = new InvocationContext({
      functionName: 'brand',
      logHandler: () => undefined,
    });
    const faulty = { site: testSite, faults: [], tellFaults: () => undefined };
    const answer: HttpResponseInit | undefined = answerFaults?.(faulty, request, invocation);
    expect(new Headers(answer?.headers).get('content-type')).toBe('image/svg+xml');
  });
});

it('docs/brand.md names every member of a brand', () => {
  const [, example = ''] = /```ts\n([^]*?)```/.exec(readFileSync('docs/brand.md', 'utf8')) ?? [];
  for (const member of ['name', 'logo', 'accent', 'supportUrl', 'privacyUrl']) {
    expect(example).toContain(`${member}: `);
  }
});
