import {
  createControl,
  isOneOf,
  isString,
  isTimes,
  oneOfInWords,
  timesInWords,
} from '../loopback/control';
import type { ControlPanel } from '../loopback/control-page';
import { createFaultPanel } from '../loopback/fault-panel';
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
  return createFaultPanel({
    of: 'Azure Table Storage',
    controls: faults,
    forms: {
      faults: {
        legend: 'Faults',
        fields: {
          fault: { label: 'What goes wrong', kind: 'choice', values: faultNames },
          on: { label: 'With which requests', kind: 'choice', values: targets },
          retryAfter: { label: 'Retry-After, when busy', kind: 'text', placeholder: 'none' },
          times: { label: 'How many requests', kind: 'times' },
        },
      },
    },
  });
}
