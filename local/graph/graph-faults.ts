import { countInWords, createControl, isCount, isOneOf } from '../loopback/control';
import { isTimes, oneOfInWords, timesInWords } from '../loopback/control';
import { outages } from '../loopback/outage';
import type { Outage } from '../loopback/outage';
import type { GraphError } from './graph-error';

const graphProblem = {
  forbidden: {
    status: 403,
    code: 'Authorization_RequestDenied',
    message: 'Insufficient privileges to complete the operation.',
  },
  'not-found': {
    status: 404,
    code: 'Request_ResourceNotFound',
    message:
      'Resource does not exist or one of its queried reference-property objects are not present.',
  },
  'too-many-requests': {
    status: 429,
    code: 'TooManyRequests',
    message: 'Too many requests.',
    headers: { 'Retry-After': '7' },
  },
  error: { status: 500, code: 'generalException', message: 'An internal error occurred.' },
  unavailable: {
    status: 503,
    code: 'serviceNotAvailable',
    message: 'The service is unavailable.',
    headers: { 'Retry-After': '3' },
  },
} as const satisfies Record<string, GraphError>;

export const graphAnswers = [
  'usual',
  'claims-challenge',
  'forbidden',
  'not-found',
  'no-photo',
  'too-many-requests',
  'error',
  'unavailable',
] as const;

export type GraphAnswer = (typeof graphAnswers)[number];

export type GraphFaults = ReturnType<typeof createGraphFaults>;

/** Everything a test can make the stand-in do wrong: `POST /control`. */
export function createGraphFaults() {
  return {
    answer: createControl<GraphAnswer>('usual', isOneOf(graphAnswers), oneOfInWords(graphAnswers)),
    outage: createControl<Outage>('none', isOneOf(outages), oneOfInWords(outages)),
    delayMs: createControl(0, isCount, countInWords),
    /** How many requests the three above touch; null: all. */
    times: createControl<number | null>(null, isTimes, timesInWords),
  };
}

/** The canned refusal of `answer`; the claims challenge is made where the issuer is known. */
export function problemOf(
  answer: Exclude<GraphAnswer, 'usual' | 'claims-challenge' | 'no-photo'>,
): GraphError {
  return graphProblem[answer];
}
