import type { ControlPanel } from '../loopback/answer-control';
import { controlPageHeaders } from '../loopback/control-page';
import { graphControlPage } from './graph-control-page';
import type { GraphFaults } from './graph-faults';

/** What `/control` of the stand-in offers: its answers, and `reset`. */
export function createGraphPanel(faults: GraphFaults): ControlPanel {
  const number = (form: URLSearchParams, name: string): number | null => {
    const text = form.get(name) ?? '';
    return text === '' ? null : Number(text);
  };
  return {
    controls: faults,
    actions: {
      reset() {
        for (const control of Object.values(faults)) control.reset();
      },
    },
    forms: {
      answers(form) {
        const accepted = [
          faults.answer.offer(form.get('answer')),
          faults.retryAfter.offer(form.get('retryAfter') || 'usual'),
          faults.challengeForm.offer(form.get('challengeForm')),
          faults.outage.offer(form.get('outage')),
          faults.delayMs.offer(number(form, 'delayMs') ?? 0),
          faults.times.offer(number(form, 'times')),
        ];
        return accepted.includes(false) ? 'Times are whole numbers.' : undefined;
      },
    },
    page: (fault) => graphControlPage(faults, fault),
    pageHeaders: controlPageHeaders,
  };
}
