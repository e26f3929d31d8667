import {
  countInWords,
  createControl,
  isBoolean,
  isCount,
  isOneOf,
  isString,
  isTimes,
  numberOf,
  offerAll,
  oneOfInWords,
  type Outage,
  outages,
  textOf,
  timesInWords,
} from '../loopback/control';
import {
  ChoiceField,
  controlPage,
  controlPageHeaders,
  type ControlPanel,
  FieldsForm,
  TextField,
  TimesField,
  wordOptions,
} from '../loopback/control-page';
import type { Traffic } from './traffic';

/**
 * What the API can answer in place of its usual answer:
 *
 * - `redirect`: 302 to the address in `redirectTo`, which may be another host.
 * - `endless`: a body that does not end. `cut`: a body that breaks off before its announced length.
 * - `lying-type`: HTML that says it is JSON.
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
  'lying-type',
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

/** What `/control` of the API offers. */
export function createOrdersPanel(faults: OrdersFaults, traffic: Traffic): ControlPanel {
  const controls = { ...faults, traffic: traffic.control };
  return {
    controls,
    actions: {
      reset() {
        for (const control of Object.values(controls)) control.reset();
      },
    },
    forms: {
      answers: (form) =>
        offerAll([
          { control: faults.answer, value: textOf(form, 'answer') },
          { control: faults.redirectTo, value: textOf(form, 'redirectTo') },
          { control: faults.retryAfter, value: textOf(form, 'retryAfter') },
          { control: faults.outage, value: textOf(form, 'outage') },
          { control: faults.delayMs, value: numberOf(form, 'delayMs') ?? 0 },
          { control: faults.times, value: numberOf(form, 'times') },
          { control: faults.path, value: textOf(form, 'path') },
        ]),
      proof: (form) => offerAll([{ control: faults.context, value: textOf(form, 'context') }]),
    },
    page: (fault) => ordersControlPage(faults, traffic, fault),
    pageHeaders: controlPageHeaders,
  };
}

/** What a person can change while the API runs: how it answers, how late, and what proof it wants. */
function ordersControlPage(faults: OrdersFaults, traffic: Traffic, fault?: string): string {
  const { answered, left } = traffic.control.value;
  return controlPage({
    of: 'the API orders',
    fault,
    children: (
      <>
        <p class="quiet">
          {answered} requests answered, {left} left by the caller before the end.
        </p>
        <div class="grid">
          <AnswersForm faults={faults} />
          <FieldsForm action="proof" legend="Proof">
            <TextField
              label="Authentication context that a token needs"
              name="context"
              value={faults.context.value}
              placeholder="none"
            />
          </FieldsForm>
        </div>
      </>
    ),
  });
}

function AnswersForm({ faults }: { readonly faults: OrdersFaults }) {
  const { answer, redirectTo, retryAfter, outage, delayMs, times, path } = faults;
  return (
    <FieldsForm action="answers" legend="Answers">
      <ChoiceField
        label="Answer"
        name="answer"
        value={answer.value}
        options={wordOptions(orderAnswers)}
      />
      <TextField label="Where a redirect leads" name="redirectTo" value={redirectTo.value} />
      <TextField
        label="Retry-After: seconds or a date"
        name="retryAfter"
        value={retryAfter.value}
        placeholder="none"
      />
      <ChoiceField
        label="Outage"
        name="outage"
        value={outage.value}
        options={wordOptions(outages)}
      />
      <TextField label="Delay, in milliseconds" name="delayMs" value={delayMs.value} />
      <TimesField name="times" value={times.value} />
      <TextField label="Only for paths that begin with" name="path" value={path.value} />
    </FieldsForm>
  );
}
