import type { ControlPanel } from '../loopback/answer-control';
import { numberOf, offerAll, textOf } from '../loopback/control';
import { controlPageHeaders } from '../loopback/control-page';
import { graphControlPage } from './graph-control-page';
import type { GraphFaults } from './graph-faults';

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
