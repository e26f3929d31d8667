import {
  countInWords,
  createControl,
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

/** What `/control` of the stand-in offers: its answers, and `reset`. */
export function createGraphPanel(faults: GraphFaults): ControlPanel {
  return {
    controls: faults,
    actions: {
      reset() {
        for (const control of Object.values(faults)) control.reset();
      },
    },
    forms: {
      answers: (form) =>
        offerAll([
          { control: faults.answer, value: textOf(form, 'answer') },
          { control: faults.retryAfter, value: textOf(form, 'retryAfter') || 'usual' },
          { control: faults.challengeForm, value: textOf(form, 'challengeForm') },
          { control: faults.outage, value: textOf(form, 'outage') },
          { control: faults.delayMs, value: numberOf(form, 'delayMs') ?? 0 },
          { control: faults.times, value: numberOf(form, 'times') },
        ]),
    },
    page: (fault) => graphControlPage(faults, fault),
    pageHeaders: controlPageHeaders,
  };
}

/** What a person can change while the Graph stand-in runs: how it answers, and how late. */
function graphControlPage(faults: GraphFaults, fault?: string): string {
  const { answer, retryAfter, challengeForm, outage, delayMs, times } = faults;
  return controlPage({
    of: 'Microsoft Graph',
    fault,
    children: (
      <div class="grid">
        <FieldsForm action="answers" legend="Answers">
          <ChoiceField
            label="Answer"
            name="answer"
            value={answer.value}
            options={wordOptions(graphAnswers)}
          />
          <TextField
            label="Retry-After: usual, none, seconds or a date"
            name="retryAfter"
            value={retryAfter.value}
          />
          <ChoiceField
            label="Claims challenge"
            name="challengeForm"
            value={challengeForm.value}
            options={wordOptions(challengeForms)}
          />
          <ChoiceField
            label="Outage"
            name="outage"
            value={outage.value}
            options={wordOptions(outages)}
          />
          <TextField label="Delay, in milliseconds" name="delayMs" value={delayMs.value} />
          <TimesField name="times" value={times.value} />
        </FieldsForm>
      </div>
    ),
  });
}
