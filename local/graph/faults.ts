import {
  type ControlPanel,
  countInWords,
  createControl,
  isCount,
  isOneOf,
  isString,
  isTimes,
  oneOfInWords,
  type Outage,
  outages,
  timesInWords,
} from '../loopback/control';
import { createFaultPanel } from '../loopback/control-page';

export interface GraphError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
}

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
  },
  error: { status: 500, code: 'generalException', message: 'An internal error occurred.' },
  unavailable: {
    status: 503,
    code: 'serviceNotAvailable',
    message: 'The service is unavailable.',
  },
  'gateway-timeout': { status: 504, code: 'UnknownError', message: '' },
} as const satisfies Record<string, GraphError>;

const graphAnswers = [
  'usual',
  'claims-challenge',
  'forbidden',
  'not-found',
  'no-photo',
  'too-many-requests',
  'error',
  'unavailable',
  'gateway-timeout',
] as const;

/**
 * How a claims challenge is written: with `authorization_uri` unquoted (recorded in 2022), all quoted and in another order
 * (in Microsoft's own tests since 2023), or after a challenge of another scheme and with one more member.
 */
const challengeForms = ['unquoted', 'quoted', 'two-headers'] as const;
export type ChallengeForm = (typeof challengeForms)[number];

export type GraphAnswer = (typeof graphAnswers)[number];

export type GraphFaults = ReturnType<typeof createGraphFaults>;

/** Everything a test can make the stand-in do wrong: `POST /control`. */
export function createGraphFaults() {
  return {
    answer: createControl<GraphAnswer>('usual', isOneOf(graphAnswers), oneOfInWords(graphAnswers)),
    outage: createControl<Outage>('none', isOneOf(outages), oneOfInWords(outages)),
    /** `Retry-After` of refusals: seconds or a date. 'usual': 7 for 429, none for others. 'none': never. */
    retryAfter: createControl('usual', isString, 'usual, none, seconds or a date'),
    challengeForm: createControl<ChallengeForm>(
      'unquoted',
      isOneOf(challengeForms),
      oneOfInWords(challengeForms),
    ),
    delayMs: createControl(0, isCount, countInWords),
    /** How many requests the faults above change; null: all. */
    times: createControl<number | null>(null, isTimes, timesInWords),
  };
}

/** The refusal of `answer`. */
export function problemOf(
  answer: Exclude<GraphAnswer, 'usual' | 'claims-challenge' | 'no-photo'>,
): GraphError {
  return graphProblem[answer];
}

/** `Retry-After` of a refusal with this status. Microsoft Graph's 503 and 504 often have none. */
export function retryAfterOf(status: number, ordered: string): Readonly<Record<string, string>> {
  if (status !== 429 && status !== 503 && status !== 504) return {};
  if (ordered === 'none') return {};
  if (ordered === 'usual') return status === 429 ? { 'Retry-After': '7' } : {};
  return { 'Retry-After': ordered };
}

/** What `/control` of the stand-in offers: how it answers, and how late. */
export function createGraphPanel(faults: GraphFaults): ControlPanel {
  return createFaultPanel({
    of: 'Microsoft Graph',
    controls: faults,
    forms: {
      answers: {
        legend: 'Answers',
        fields: {
          answer: { label: 'Answer', kind: 'choice', values: graphAnswers },
          retryAfter: {
            label: 'Retry-After: usual, none, seconds or a date',
            kind: 'text',
            whenEmpty: 'usual',
          },
          challengeForm: { label: 'Claims challenge', kind: 'choice', values: challengeForms },
          outage: { label: 'Outage', kind: 'choice', values: outages },
          delayMs: { label: 'Delay, in milliseconds', kind: 'number' },
          times: { label: 'How many requests', kind: 'times' },
        },
      },
    },
  });
}
