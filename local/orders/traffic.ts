import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Control } from '../loopback/control';

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
