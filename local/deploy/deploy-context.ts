import type { Az } from './az';
import type { Clock } from './clock';

/** How long it waits between tries, in milliseconds. */
export interface DeployPauses {
  /** Between looks at what the template has made. */
  readonly pollMs: number;
  /** Before the template or the package is tried again. */
  readonly retryMs: number;
  readonly healthMs: number;
  /** Between looks at a registration that was changed a moment ago. */
  readonly registrationMs: number;
}

/** What every step of a deployment works with. */
export interface DeployContext {
  readonly az: Az;
  readonly clock: Clock;
  readonly pauses: DeployPauses;
  /** Tells the person one or more lines. */
  readonly report: (text: string) => void;
  /** Ends every wait. */
  readonly interrupt: AbortSignal;
}

/** How long refusals are borne that end by themselves: roles can take ten minutes to come into force. */
export const patienceMs = 12 * 60_000;
