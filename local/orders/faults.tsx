import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type Control,
  type ControlPanel,
  countInWords,
  createControl,
  isBoolean,
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

/**
 * What the API can answer in place of its usual answer:
 *
 * - `redirect`: 302 to the address in `redirectTo`, which may be another host.
 * - `endless`: a body that does not end. `cut`: a body that breaks off before its announced length;
 *   `cut-at-once`: before its first byte.
 * - `lying-type`: HTML that says it is JSON. `page`: a page with a script, and with a form that would sign the person out.
 * - `sets-cookies`: the usual answer with two cookies. `compressed`: the usual answer, gzipped.
 */
const orderAnswers = [
  'usual',
  'claims-challenge',
  'forbidden',
  'not-found',
  'too-many-requests',
  'error',
  'unavailable',
  'redirect',
  'endless',
  'cut',
  'cut-at-once',
  'lying-type',
  'page',
  'sets-cookies',
  'compressed',
] as const;

export type OrderAnswer = (typeof orderAnswers)[number];

export type OrdersFaults = ReturnType<typeof createOrdersFaults>;

const contextPattern = /^(c[1-9][0-9]?)?$/;
const isContext = (input: unknown): input is string =>
  isString(input) && contextPattern.test(input);

/** Everything a test can make the API do wrong: `POST /control`. */
export function createOrdersFaults() {
  return {
    answer: createControl<OrderAnswer>('usual', isOneOf(orderAnswers), oneOfInWords(orderAnswers)),
    /** Where `redirect` leads. */
    redirectTo: createControl('https://elsewhere.example/orders', isString, 'a text: a URL'),
    outage: createControl<Outage>('none', isOneOf(outages), oneOfInWords(outages)),
    /** `Retry-After` of 429 and 503: seconds or a date; empty for none. */
    retryAfter: createControl('1', isString, 'a text: seconds or a date, or empty'),
    delayMs: createControl(0, isCount, countInWords),
    /** How many requests the faults above change; null: all. */
    times: createControl<number | null>(null, isTimes, timesInWords),
    /** The beginning of the paths that the faults change: `/export`. Empty: all. */
    path: createControl('', isString, 'a text: the beginning of a path, or empty'),
    /** The authentication context that a token must have for every request; empty: none. */
    context: createControl('', isContext, 'a text: c1 to c99, or empty'),
    /** Whether a challenge is 403. Microsoft's libraries take 401 and 403 alike. */
    challengeIsForbidden: createControl(false, isBoolean, 'true or false'),
  };
}

/** What `/control` of the API offers: how it answers, how late, and what proof it wants. */
export function createOrdersPanel(faults: OrdersFaults, traffic: Traffic): ControlPanel {
  return createFaultPanel({
    of: 'the API orders',
    controls: { ...faults, traffic: traffic.control },
    forms: {
      answers: {
        legend: 'Answers',
        fields: {
          answer: { label: 'Answer', kind: 'choice', values: orderAnswers },
          redirectTo: { label: 'Where a redirect leads', kind: 'text' },
          retryAfter: {
            label: 'Retry-After: seconds or a date',
            kind: 'text',
            placeholder: 'none',
          },
          outage: { label: 'Outage', kind: 'choice', values: outages },
          delayMs: { label: 'Delay, in milliseconds', kind: 'number' },
          times: { label: 'How many requests', kind: 'times' },
          path: { label: 'Only for paths that begin with', kind: 'text' },
        },
      },
      proof: {
        legend: 'Proof',
        fields: {
          context: {
            label: 'Authentication context that a token needs',
            kind: 'text',
            placeholder: 'none',
          },
        },
      },
    },
    intro: () => {
      const { answered, left } = traffic.control.value;
      return (
        <p class="quiet">
          {answered} requests answered, {left} left by the caller before the end.
        </p>
      );
    },
  });
}

/** A request as it came to the API. */
interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

/** How requests ended, for tests: `GET /control` tells it. */
interface TrafficState {
  /** Requests that are being answered now. */
  readonly open: number;
  readonly answered: number;
  /** Requests whose caller left before the end of the answer. */
  readonly left: number;
  /** The last twenty, without their tokens. */
  readonly last: readonly SeenRequest[];
}

/** Counts the requests of the API. */
export interface Traffic {
  readonly control: Control<TrafficState>;
  change(change: (state: TrafficState) => TrafficState): void;
}

const none: TrafficState = { open: 0, answered: 0, left: 0, last: [] };

export function createTraffic(): Traffic {
  let value = none;
  return {
    control: {
      takes: 'nothing: it is counted',
      get value() {
        return value;
      },
      offer: () => false,
      remember: () => () => undefined,
      reset() {
        value = { ...none, open: value.open };
      },
    },
    change(change) {
      value = change(value);
    },
  };
}

/** Counts a request, and how its answer ends. */
export function countTraffic(
  traffic: Traffic,
  { method = '', headers }: IncomingMessage,
  response: ServerResponse,
  path: string,
): void {
  const { authorization, ...others } = headers;
  const scheme = authorization?.split(' ')[0];
  const seen = {
    ...{ method, path },
    headers: scheme === undefined ? others : { ...others, authorization: scheme },
  };
  traffic.change((state) => ({
    ...state,
    open: state.open + 1,
    last: [...state.last, seen].slice(-20),
  }));
  response.once('close', () => {
    const isWhole = response.writableFinished;
    traffic.change((state) => ({
      ...state,
      open: state.open - 1,
      answered: state.answered + (isWhole ? 1 : 0),
      left: state.left + (isWhole ? 0 : 1),
    }));
  });
}
