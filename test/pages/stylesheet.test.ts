import { style } from '../../local/entra/pages/style';
import { stylesheet } from '../../src/pages/stylesheet';

describe.each([
  ['stylesheet', stylesheet],
  ['style of the stand-in', style],
])('%s', (_, css) => {
  it('stays under 8 KB, since every page carries it', () => {
    expect(Buffer.byteLength(css)).toBeLessThan(8 * 1024);
  });

  it('loads nothing but our own photo route', () => {
    expect(css).not.toMatch(/@import|@font-face|https?:|data:/);
    const loaded = [...css.matchAll(/url\(([^)]*)\)/g)].map(([, url]) => url);
    expect(loaded.filter((url) => url !== '/auth/me/photo')).toEqual([]);
  });

  it('cannot end the element it stands in', () => {
    expect(css).not.toContain('<');
  });

  it('has a dark scheme and heeds reduced motion', () => {
    expect(css).toMatch(/@media \(prefers-color-scheme: ?dark\)/);
    const [still = ''] = css.split(/@media \(prefers-reduced-motion: ?no-preference\)/);
    expect(still).not.toMatch(/transition:|animation:/);
  });
});
