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
 * A page that opens another address of this app by a navigation of our own, and takes the fragment along, which no server
 * ever sees: a script of ours, the only one that a page of ours has, reads it. Without script a refresh goes on without it.
 */
export function continueHere({ title, goTo, text }: Continuation): HttpResponseInit {
  const page = htmlPage(<ContinuePage title={title} goTo={goTo} text={text} keepsFragment />);
  return withHeader(page, 'Content-Security-Policy', continuePagePolicy);
}
