import type { HttpResponseInit } from '@azure/functions';
import { ContinuePage } from '../pages/continue-page';
import { htmlPage, withHeader } from './responses';
import { continuePagePolicy } from './security-headers';

interface Continuation {
  readonly title: string;
  /** An absolute address of this app. */
  readonly goTo: string;
  readonly text: string;
}

/**
 * A page that opens another address of this app by a navigation of our own. It keeps the fragment, which no server sees:
 * our script reads it, the only script on our pages. Without scripts, a refresh opens the address without the fragment.
 */
export function continueHere({ title, goTo, text }: Continuation): HttpResponseInit {
  const page = htmlPage(<ContinuePage title={title} goTo={goTo} text={text} keepsFragment />);
  return withHeader(page, 'Content-Security-Policy', continuePagePolicy);
}
