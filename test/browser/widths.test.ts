import { readFileSync } from 'node:fs';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import * as v from 'valibot';
import { createGraphFaults, createGraphPanel } from '../../local/graph/graph-stand-in';
import { createOrdersFaults, createOrdersPanel } from '../../local/orders/orders-stand-in';
import { createTraffic } from '../../local/orders/routes';
import { numbersOf, refusalRows } from '../../src/entra/refusal-table';
import { type ErrorCode, isErrorCode } from '../../src/error-facts';
import { AppError, RoleMissingError, SignInRefusedError } from '../../src/errors';
import { answerError } from '../../src/http/error-response';
import { german } from '../../src/texts/de';
import { ownSamplePages, samplePages, sampleUser } from '../pages/sample-pages';
import {
  browserHeaders,
  type ContextFixture,
  createContextFixture,
} from '../support/context-fixture';
import { launchChromium } from '../support/launch-chromium';
import { faultsAtThisWidth, widths } from '../support/measure-page';

const texts = {
  'an ordinary name': 'Ines Okafor',
  'a name of 60 letters': 'Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewis',
  'German compounds':
    'Donaudampfschifffahrtsgesellschaft, Abteilung Kraftfahrzeughaftpflichtversicherung',
  'a name without spaces between words': '田中美咲'.repeat(15),
  'a name from right to left': 'عبد الرحمن بن محمد بن عبد الله الفارسي',
};

let browser: Browser;
let page: Page;
let fixture: ContextFixture;

beforeAll(async () => {
  [browser, fixture] = await Promise.all([launchChromium(), createContextFixture()]);
  page = await browser.newPage({ viewport: { width: 1960, height: 800 }, reducedMotion: 'reduce' });
});
afterAll(() => Promise.all([browser.close(), fixture.stop()]));

/** The page of an error, with the person's name in the header where one is given. */
function endingOf(error: AppError, name?: string, language = 'en'): string {
  const headers = { ...browserHeaders, 'accept-language': language };
  const context = fixture.context('/auth/redirect?code=a', { headers });
  if (name !== undefined) context.visitor.user = sampleUser(name);
  const { body } = answerError(error, context);
  return typeof body === 'string' ? body : '';
}

const refused = (number: string) =>
  new SignInRefusedError({
    ...{ error: 'access_denied', number },
    correlationId: '7f1c0b1e-1111-4222-8333-0123456789ab',
  });

function allEndings(): Record<string, string> {
  const written = readFileSync('src/error-facts.ts', 'utf8').match(/\bERR_\w+/g) ?? [];
  const codes = [...new Set(written)].filter((code): code is ErrorCode => isErrorCode(code));
  expect(codes.length).toBeGreaterThan(40);
  return {
    ...Object.fromEntries(codes.map((code) => [code, endingOf(new AppError(code))])),
    'role missing': endingOf(
      new RoleMissingError('Personalverwaltung.Lesen'),
      texts['German compounds'],
    ),
    'an administrator must act': endingOf(refused('AADSTS50105')),
    cancelled: endingOf(refused('AADSTS65004')),
  };
}

/** What is wrong with the pages at every width. Each is shown in a frame, whose width is its window's. */
async function faultsOf(
  pages: Readonly<Record<string, string>>,
  atWidths: readonly number[] = widths,
): Promise<string[]> {
  // A page that goes on by itself has nowhere to go here.
  const still = Object.entries(pages).map(([name, html]) => [
    name,
    html.replace('http-equiv="refresh"', ''),
  ]);
  return page.evaluate(`(async () => {
    const measure = ${faultsAtThisWidth};
    const frame = document.createElement('iframe');
    document.body.replaceChildren(frame);
    Object.assign(frame.style, { height: '740px', border: 0 });
    const faults = [];
    let shown = '';
    const styleOf = (doc) => [...doc.querySelectorAll('style')].map((style) => style.textContent).join();
    for (const [name, html] of ${JSON.stringify(still)}) {
      const next = new DOMParser().parseFromString(html, 'text/html');
      if (styleOf(next) === shown) {
        // The stylesheet is as before, and need not be read again.
        const doc = frame.contentDocument;
        Object.assign(doc.documentElement, { lang: next.documentElement.lang, dir: next.documentElement.dir });
        doc.body.replaceWith(doc.adoptNode(next.body));
      } else {
        shown = styleOf(next);
        await new Promise((resolve) => {
          frame.onload = resolve;
          frame.srcdoc = html;
        });
      }
      for (const details of frame.contentDocument.querySelectorAll('details')) details.open = true;
      // Several menus at once, which a person cannot do.
      for (const menu of [...frame.contentDocument.querySelectorAll('[popover]')].slice(0, 4)) {
        menu.popover = 'manual';
        menu.showPopover({ source: menu.previousElementSibling });
      }
      for (const width of ${JSON.stringify(atWidths)}) {
        frame.style.width = width + 'px';
        faults.push(...measure(frame.contentDocument).map((fault) => name + ' at ' + width + ': ' + fault));
      }
    }
    return faults;
  })()`);
}

it('on a phone each ending and each refusal holds its German text', async () => {
  const codes = Object.keys(german.errors).filter((code) => isErrorCode(code));
  const errors = [
    ...codes.map((code) => new AppError(code)),
    ...refusalRows.flatMap((row) => numbersOf(row).slice(0, 1)).map(refused),
  ];
  const pages = errors.map((error) => [error.message, endingOf(error, undefined, 'de')] as const);
  expect(await faultsOf(Object.fromEntries(pages), [320, 360])).toEqual([]);
});

describe.each(['light', 'dark'] as const)(
  'at every width from 320 to 1920 px, %s',
  (colorScheme) => {
    beforeAll(() => page.emulateMedia({ colorScheme }));

    // The schemes differ in colours only, so the longest words are enough for the second one.
    const held = Object.entries(texts).filter(
      ([name]) => colorScheme === 'light' || name === 'German compounds',
    );

    it.each(held)('each page holds %s', async (_name, text) => {
      expect(await faultsOf(samplePages(text))).toEqual([]);
    });

    it('so do the pages in German, and those that are read from right to left', async () => {
      const german = ownSamplePages(texts['German compounds'], 'de');
      expect(await faultsOf(german)).toEqual([]);
      const arabic = ownSamplePages(texts['a name from right to left']);
      for (const [name, html] of Object.entries(arabic)) {
        arabic[name] = html.replace('dir="ltr"', 'dir="rtl"');
      }
      expect(await faultsOf(arabic)).toEqual([]);
    });

    it('so does each ending', async () => {
      expect(await faultsOf(allEndings())).toEqual([]);
    });

    it.each([
      ['it passes', new AppError('ERR_PROVIDER_UNAVAILABLE')],
      ['somebody else must act', refused('AADSTS50105')],
      ['the person cancelled', refused('AADSTS65004')],
      ['it is our fault', new AppError('ERR_INTERNAL')],
      ['nothing is there', new AppError('ERR_NOT_FOUND')],
    ])('axe finds nothing on an ending in the colours of “%s”', async (_name, error) => {
      await page.setContent(endingOf(error));
      await page.evaluate(axe.source);
      const found = await page.evaluate<string[]>(
        'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + nodes[0].html))',
      );
      expect(found).toEqual([]);
    });

    it('the control pages of the stand-ins hold what they show', async () => {
      expect(
        await faultsOf({
          graph: createGraphPanel(createGraphFaults()).page('Not taken: Retry-After'),
          orders: createOrdersPanel(createOrdersFaults(), createTraffic()).page(),
        }),
      ).toEqual([]);
    });
  },
);

it('where there is no tooltip, each time shows its date, and the page still holds it', async () => {
  const dates =
    "[...document.querySelectorAll('time[title]')].filter((time) => getComputedStyle(time, '::after').content.includes(time.title)).length";
  const pages = Object.entries(ownSamplePages(texts['an ordinary name'], 'de'));
  const times = pages.filter(
    ([, html]) => html.includes('<time datetime="') && html.includes(' title="'),
  );
  expect(times.length).toBeGreaterThan(3);
  const touched = times.map(([name, html]) => [name, html.replaceAll('(hover:none)', 'all')]);
  expect(await faultsOf(Object.fromEntries(touched) as Record<string, string>)).toEqual([]);
  for (const [name, html] of touched) {
    await page.setContent(html ?? '');
    expect([name, await page.evaluate(dates)]).not.toEqual([name, 0]);
  }
  await page.setContent(times[0]?.[1] ?? '');
  expect(await page.evaluate(dates)).toBe(0);
});

it.each([
  'Kraftfahrzeughaftpflichtversicherung Donau-Wien Intern Ost',
  texts['a name of 60 letters'],
  '田'.repeat(60),
])('the header holds an app of the name %s', async (name) => {
  const pages = Object.entries(ownSamplePages('Ines Okafor', 'de')).map(([page, html]) => [
    page,
    html.replace(/(<a class="brand"[^>]*>).*?(?=<\/a>)/s, `$1${name}`),
  ]);
  expect(pages.every(([, html]) => html?.includes(`>${name}</a>`))).toBe(true);
  expect(await faultsOf(Object.fromEntries(pages) as Record<string, string>)).toEqual([]);
});

it('lists of 250 sessions stay within every width', async () => {
  const { console: people = '', sessions = '' } = samplePages('Ines Okafor');
  const long = (html: string, times: number) =>
    html.replace(/<tbody.*<\/tbody>/s, (rows) => rows.repeat(times));
  const pages = { console: long(people, 50), sessions: long(sessions, 21) };
  expect(pages.console.match(/<td role="cell" data-label="Signed in"/g)).toHaveLength(250);
  expect(pages.sessions.match(/<tbody/g)).toHaveLength(252);
  expect(await faultsOf(pages)).toEqual([]);
});

describe('the menus of the console', () => {
  const openNow = () =>
    page.evaluate<string[]>("[...document.querySelectorAll(':popover-open')].map(({ id }) => id)");
  const more = () => page.getByRole('button', { name: 'More', exact: true });

  const valueSchema = v.object({ value: v.optional(v.unknown()) });
  const propertySchema = v.object({ name: v.string(), value: valueSchema });
  const treeSchema = v.object({
    nodes: v.array(
      v.object({
        name: v.optional(valueSchema),
        properties: v.optional(v.array(propertySchema), []),
      }),
    ),
  });

  /** What a screen reader is told: the names of the buttons that are expanded. */
  async function expandedNow(): Promise<unknown[]> {
    const devTools = await page.context().newCDPSession(page);
    const { nodes } = v.parse(treeSchema, await devTools.send('Accessibility.getFullAXTree'));
    await devTools.detach();
    return nodes
      .filter(({ properties }) =>
        properties.some(({ name, value }) => name === 'expanded' && value.value === true),
      )
      .map(({ name }) => name?.value);
  }

  beforeEach(async () => {
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.setContent(ownSamplePages('Ines Okafor')['console'] ?? '');
  });

  it('open by a key, come next by Tab, and close by Escape with the focus where it was', async () => {
    await more().focus();
    await page.keyboard.press('Enter');
    expect(await openNow()).toEqual(['more']);
    await page.evaluate(axe.source);
    expect(
      await page.evaluate<string[]>(
        'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + nodes[0].html))',
      ),
    ).toEqual([]);
    expect(await expandedNow()).toEqual(['More']);
    await page.keyboard.press('Tab');
    expect(await page.evaluate("document.activeElement.closest('.menu ul')?.id")).toBe('more');
    await page.keyboard.press('Escape');
    expect(await openNow()).toEqual([]);
    expect(await page.evaluate('document.activeElement.textContent')).toBe('More');
  });

  it('open below their buttons, one at a time, and close by a click elsewhere', async () => {
    const buttons = page.locator('.menu button');
    for (let index = 0; index < (await buttons.count()); index += 1) {
      await buttons.nth(index).click();
      expect(await openNow()).toHaveLength(1);
      const [button, menu] = await page.evaluate<{ top: number; bottom: number; left: number }[]>(
        `[document.querySelectorAll('.menu button')[${index}], document.querySelector(':popover-open')]
          .map((element) => element.getBoundingClientRect().toJSON())`,
      );
      const gap = Math.min(
        Math.abs((menu?.top ?? 0) - (button?.bottom ?? 0)),
        Math.abs((menu?.bottom ?? 0) - (button?.top ?? 0)),
      );
      expect([index, gap < 8]).toEqual([index, true]);
    }
    await page.locator('h1').click();
    expect(await openNow()).toEqual([]);
  });
});

describe('a page without its own colours, or on paper', () => {
  const ordinary = () => Object.entries(ownSamplePages('Ines Okafor'));

  beforeAll(() => page.setViewportSize({ width: 1280, height: 800 }));
  afterEach(() => page.emulateMedia({ forcedColors: null, media: null }));

  it('shows in forced colours where each button ends, and where the focus is', async () => {
    await page.emulateMedia({ forcedColors: 'active' });
    for (const [name, html] of ordinary()) {
      await page.setContent(html);
      const faults = await page.evaluate<
        string[]
      >(`[...document.querySelectorAll('button, .button, input:not([type=hidden])')]
        .filter((element) => element.checkVisibility())
        .flatMap((element) => {
          element.focus({ focusVisible: true });
          const { borderTopStyle, borderTopWidth, outlineStyle, outlineWidth } = getComputedStyle(element);
          const isSeen = borderTopStyle !== 'none' && parseFloat(borderTopWidth) >= 1;
          const isMarked = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
          return isSeen && isMarked ? [] : [element.outerHTML.slice(0, 90)];
        })`);
      expect([name, ...faults]).toEqual([name]);
    }
  });

  it('prints what it says, without what can only be pressed', async () => {
    await page.emulateMedia({ media: 'print' });
    for (const [name, html] of ordinary()) {
      await page.setContent(html);
      const [isTold, ...pressed] = await page.evaluate<[boolean, ...string[]]>(`[
        document.querySelector('h1').checkVisibility(),
        ...[...document.querySelectorAll('nav, form, footer, .menu, button, input')]
          .filter((element) => element.checkVisibility())
          .map((element) => element.outerHTML.slice(0, 90)),
      ]`);
      expect([name, isTold, ...pressed]).toEqual([name, true]);
    }
    await page.setContent(ownSamplePages('Ines Okafor')['console'] ?? '');
    expect(await page.getByRole('row').count()).toBeGreaterThan(3);
    await page.setContent(ownSamplePages('Ines Okafor')['home, signed out'] ?? '');
    expect(await page.getByText('You are not signed in.').isVisible()).toBe(true);
  });
});

describe('the header', () => {
  const names = Object.values(texts).flatMap((text) => [
    [text, 'en'],
    [text, 'de'],
  ]);

  it.each([
    [320, 2],
    [360, 2],
    [768, 1],
    [1280, 1],
  ])('in a window of %i px has %i rows, however long the name', async (width, rows) => {
    await page.setViewportSize({ width, height: 740 });
    for (const [text = '', tag] of names) {
      await page.setContent(ownSamplePages(text, tag)['home, signed in'] ?? '');
      // A row of links and buttons is 44 px high; the bar has 16 px above and below.
      const height = await page.evaluate<number>("document.querySelector('header').offsetHeight");
      expect([text, Math.floor((height - 32) / 44)]).toEqual([text, rows]);
    }
  });
});
