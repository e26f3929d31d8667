import type { ComponentChildren } from 'preact';

interface InitialsProps {
  readonly name: string;
  /** What lies over the letters. */
  readonly children?: ComponentChildren;
}

/** A round portrait of letters. The name itself always stands beside it, so it says nothing to a screen reader. */
export function Initials({ name, children }: InitialsProps) {
  return (
    <span class="initials" aria-hidden="true">
      <span>{initialsOf(name)}</span>
      {children}
    </span>
  );
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** First letters of the first and the last word, as a reader counts letters: `é` and emoji stay whole. */
export function initialsOf(name: string): string {
  const spoken = name.split(/[\s,;()]+/).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const ends = spoken.length < 2 ? spoken : [spoken[0] ?? '', spoken[spoken.length - 1] ?? ''];
  const letters = ends.map((word) => [...segmenter.segment(word)][0]?.segment ?? '').join('');
  return letters === '' ? '?' : letters.toLocaleUpperCase('en');
}
