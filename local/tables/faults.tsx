import {
  createControl,
  isOneOf,
  isString,
  isTimes,
  numberOf,
  offerAll,
  oneOfInWords,
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
import { requestKinds, type TablesRequest } from './messages';

/** How tables can fail, and what the client sees. `lose`: the request is done, but the connection closes before the answer. */
export const faultKinds = {
  none: undefined,
  busy: { status: 503, code: 'ServerBusy', message: 'The server is busy.' },
  'timed-out': {
    status: 500,
    code: 'OperationTimedOut',
    message: 'Operation could not be completed within the specified time.',
  },
  'no-permission': {
    status: 403,
    code: 'AuthorizationPermissionMismatch',
    message: 'This request is not authorized to perform this operation using this permission.',
  },
  'lost-answer': 'lose',
  cut: 'cut',
  hang: 'hang',
} as const;

type FaultKind = keyof typeof faultKinds;

const faultNames = [
  'none',
  'busy',
  'timed-out',
  'no-permission',
  'lost-answer',
  'cut',
  'hang',
] as const satisfies readonly FaultKind[];

const targets = ['all', 'reads', 'writes', ...requestKinds] as const;

export type TablesFaults = ReturnType<typeof createTablesFaults>;

/** Everything a test can make the tables do wrong: `POST /control`. */
export function createTablesFaults() {
  return {
    fault: createControl<FaultKind>('none', isOneOf(faultNames), oneOfInWords(faultNames)),
    /** Which requests fail. */
    on: createControl<(typeof targets)[number]>('all', isOneOf(targets), oneOfInWords(targets)),
    /** The `Retry-After` of `busy`, as it is sent; empty: none. */
    retryAfter: createControl('', isString, 'seconds or a date, or an empty text for none'),
    /** How many requests fail; null: all. */
    times: createControl<number | null>(null, isTimes, timesInWords),
  };
}

/** Whether this request fails by the fault that is set. */
export function isMeant({ fault, on }: TablesFaults, { kind }: TablesRequest): boolean {
  if (fault.value === 'none') return false;
  const isRead = kind === 'point-read' || kind === 'list';
  if (on.value === 'all') return true;
  if (on.value === 'reads') return isRead;
  return on.value === 'writes' ? !isRead && kind !== 'table' : on.value === kind;
}

/** What `/control` of the tables offers. */
export function createTablesPanel(faults: TablesFaults): ControlPanel {
  return {
    controls: faults,
    actions: {
      reset() {
        for (const control of Object.values(faults)) control.reset();
      },
    },
    forms: {
      faults: (form) =>
        offerAll([
          { control: faults.fault, value: textOf(form, 'fault') },
          { control: faults.on, value: textOf(form, 'on') },
          { control: faults.retryAfter, value: textOf(form, 'retryAfter') },
          { control: faults.times, value: numberOf(form, 'times') },
        ]),
    },
    page: (fault) => tablesControlPage(faults, fault),
    pageHeaders: controlPageHeaders,
  };
}

function tablesControlPage(
  { fault, on, retryAfter, times }: TablesFaults,
  refused?: string,
): string {
  return controlPage({
    of: 'Azure Table Storage',
    fault: refused,
    children: (
      <div class="grid">
        <FieldsForm action="faults" legend="Faults">
          <ChoiceField
            label="What goes wrong"
            name="fault"
            value={fault.value}
            options={wordOptions(faultNames)}
          />
          <ChoiceField
            label="With which requests"
            name="on"
            value={on.value}
            options={wordOptions(targets)}
          />
          <TextField
            label="Retry-After, when busy"
            name="retryAfter"
            value={retryAfter.value}
            placeholder="none"
          />
          <TimesField name="times" value={times.value} />
        </FieldsForm>
      </div>
    ),
  });
}
