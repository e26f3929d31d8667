import type { ComponentChildren } from 'preact';
import type { ErrorTone } from '../error-facts';

/**
 * What a page with one message is about. The tone of an error, or:
 *
 * - `done`: what was asked for is done
 * - `partly`: a part of it could not be done now
 * - `here`: the person is signed in
 * - `going`: another page opens at once
 */
export type Ending = ErrorTone | 'done' | 'partly' | 'here' | 'going';

interface PictureProps {
  readonly ending: Ending;
  /** The line above the title: whose turn it is. A page without such a line says it in its text. */
  readonly label?: string | undefined;
}

/**
 * The picture of a page with one message, and the line above its title. The picture says nothing that the text does not say, so screen readers skip it. It belongs to no
 * brand: its colour is the accent, or the colour of the tone. It moves once, and not for people who want no motion.
 */
export function Picture({ ending, label }: PictureProps) {
  return (
    <>
      <span class={`picture ${ending}`}>
        <svg viewBox="0 0 48 48" width="32" height="32" aria-hidden="true" focusable="false">
          {drawings[ending]}
        </svg>
      </span>
      {label === undefined ? null : <p class={`label ${ending}`}>{label}</p>}
    </>
  );
}

/** `move`: the part that moves. */
const drawings: Readonly<Record<Ending, ComponentChildren>> = {
  // A clock.
  passing: (
    <>
      <circle cx="24" cy="24" r="19" />
      <path d="M24 24l7 5" />
      <path class="move" d="M24 24V12" />
    </>
  ),
  // Two people talk.
  ask: (
    <>
      <path d="M6 7h22a3 3 0 0 1 3 3v12a3 3 0 0 1-3 3H16l-7 6v-6H6a3 3 0 0 1-3-3V10a3 3 0 0 1 3-3z" />
      <path class="move" d="M38 17h4a3 3 0 0 1 3 3v12a3 3 0 0 1-3 3h-3v7l-7-7H22a3 3 0 0 1-3-3" />
    </>
  ),
  // An arrow that turns back.
  cancelled: <path class="move" d="M16 9L6 19l10 10M6 19h24a11 11 0 0 1 0 22h-8" />,
  ours: (
    <>
      <path d="M21 7.5a3.5 3.5 0 0 1 6 0l17 29a3.5 3.5 0 0 1-3 5.5H7a3.5 3.5 0 0 1-3-5.5z" />
      <path class="move" d="M24 18v10M24 34v.5" />
    </>
  ),
  // An arrow into a room.
  yours: (
    <>
      <path d="M27 6h11a4 4 0 0 1 4 4v28a4 4 0 0 1-4 4H27" />
      <path class="move" d="M6 24h23M20 14l10 10-10 10" />
    </>
  ),
  // A lock.
  refused: (
    <>
      <rect x="9" y="21" width="30" height="22" rx="4" />
      <path class="move" d="M15 21v-6a9 9 0 0 1 18 0v6" />
      <path d="M24 30v4" />
    </>
  ),
  // A lens over nothing.
  lost: (
    <g class="move">
      <circle cx="21" cy="21" r="15" />
      <path d="M32 32l12 12M15 21h12" />
    </g>
  ),
  done: (
    <>
      <circle cx="24" cy="24" r="19" />
      <path class="move" d="M15 25l6 6 12-13" />
    </>
  ),
  partly: (
    <>
      <circle cx="24" cy="24" r="19" />
      <path d="M24 24l7 5" />
      <path class="move" d="M24 24V12" />
    </>
  ),
  // A person.
  here: (
    <>
      <circle cx="24" cy="15" r="9" />
      <path class="move" d="M6 43c2-10 9-14 18-14s16 4 18 14" />
    </>
  ),
  // A ring that turns.
  going: (
    <>
      <circle class="track" cx="24" cy="24" r="19" />
      <path class="move" d="M24 5a19 19 0 0 1 19 19" />
    </>
  ),
};
