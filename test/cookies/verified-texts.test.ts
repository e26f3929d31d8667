import { createVerifiedTexts } from '../../src/cookies/verified-texts';

const key = { kid: '1.aaaaaaaa', secret: new Uint8Array(32).fill(1) };

describe('createVerifiedTexts', () => {
  it('knows exactly the texts it was told of', () => {
    const texts = createVerifiedTexts();
    texts.add(key, 'a.b.c');

    expect(texts.has(key, 'a.b.c')).toBe(true);
    expect(texts.has(key, 'a.b.C')).toBe(false);
    expect(texts.has(key, 'a.b.c ')).toBe(false);
  });

  it('knows them of this very key only, even where another has its name and secret', () => {
    const texts = createVerifiedTexts();
    texts.add(key, 'a.b.c');

    expect(texts.has({ ...key }, 'a.b.c')).toBe(false);
  });

  it('forgets the text that was not used for longest', () => {
    const texts = createVerifiedTexts(2);
    texts.add(key, 'first');
    texts.add(key, 'second');
    texts.has(key, 'first');
    texts.add(key, 'third');

    expect(['first', 'second', 'third'].map((text) => texts.has(key, text))).toEqual([
      true,
      false,
      true,
    ]);
  });
});
