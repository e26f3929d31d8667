import type { Browser, Page } from 'playwright-core';
import { samplePages } from '../pages/sample-pages';
import { launchChromium } from '../support/launch-chromium';

/** WCAG 2.2, 1.4.10: no page needs scrolling to both sides in a window of 320 px, an ordinary one at 400 %. */
const width = 320;

const texts = {
  'an ordinary name': 'Ines Okafor',
  'a name of 60 letters': 'Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewis',
  'a name without spaces between words': '田中美咲'.repeat(15),
  'a name from right to left': 'عبد الرحمن بن محمد بن عبد الله الفارسي',
};

/** Elements that stand out of the window, or out of the padding of the card or row they belong to. */
const strayed = `[...document.querySelectorAll('body *')].flatMap((element) => {
  const { left, right, width } = element.getBoundingClientRect();
  if (width === 0 || right < 0) return [];
  const card = element.parentElement.closest('.card, tr, .doors li');
  const end = card === null ? innerWidth
    : card.getBoundingClientRect().right - parseFloat(getComputedStyle(card).paddingRight);
  return right <= end + .5 && left >= 0 ? [] : [element.outerHTML.slice(0, 80) + ': ' + right + ' > ' + end];
})`;

let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await launchChromium();
  page = await browser.newPage({ viewport: { width, height: 740 } });
});
afterAll(() => browser.close());

async function show(html: string): Promise<void> {
  // The page that goes on by itself has nowhere to go here.
  await page.setContent(html.replace('http-equiv="refresh"', ''));
}

describe.each(Object.entries(texts))('at 320 px, with %s', (_name, text) => {
  it.each(Object.entries(samplePages(text)))('%s stays within it', async (_page, html) => {
    await show(html);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    expect(await page.evaluate<string[]>(strayed)).toEqual([]);
  });
});

describe('the header', () => {
  it.each([
    ['on the narrowest phone', 320, 2],
    ['on a wide screen', 1280, 1],
  ])('%s, %i px, has %i rows, however long the name', async (_name, wide, rows) => {
    await page.setViewportSize({ width: wide, height: 740 });
    for (const text of Object.values(texts)) {
      await show(samplePages(text)['home, signed in'] ?? '');
      // A row of links and buttons is 44 px high; the bar has 16 px above and below.
      const height = await page.evaluate<number>("document.querySelector('header').offsetHeight");
      expect([text, Math.floor((height - 32) / 44)]).toEqual([text, rows]);
    }
    await page.setViewportSize({ width, height: 740 });
  });
});
