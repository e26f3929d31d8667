import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { isObject } from '../../src/bodies';
import {
  isFromAnotherSite,
  mediaTypeOf,
  prefersHtml,
  readBody,
  readJson,
  respond,
  respondJson,
} from './server';

/** One thing that a test can change while a stand-in runs. */
export interface Control<T> {
  /** What `offer` accepts, in words: `a whole number, 0 or more`. */
  readonly takes: string;
  readonly value: T;
  /** How a form of the control page sets it. Undefined: no form can. */
  readonly field?: ControlField | undefined;
  /** Sets the value. False, and nothing changes, when `input` is not acceptable. */
  offer(input: unknown): boolean;
  /** Gives a function that sets the value back to the current one. */
  remember(): () => void;
  reset(): void;
}

/** A field of a form. */
export interface ControlField {
  readonly kind: 'choice' | 'check' | 'text';
  readonly placeholder?: string;
  /** The choices: value and text. */
  options?(value: unknown): readonly (readonly [value: string, text: string])[];
  /** What the field shows for a value; `String(value)` unless given. */
  show?(value: unknown): string;
  /** The value that a form has sent. */
  read(form: URLSearchParams, name: string): unknown;
}

/** A control with the value `initial`. `accepts` checks a new value, and `takes` says in words what it accepts. */
export function createControl<T>(
  initial: T,
  accepts: (input: unknown) => input is T,
  takes: string,
  field?: ControlField,
): Control<T> {
  let value = initial;
  return {
    takes,
    field,
    get value() {
      return value;
    },
    offer(input) {
      if (!accepts(input)) return false;
      value = input;
      return true;
    },
    remember() {
      const now = value;
      return () => {
        value = now;
      };
    },
    reset() {
      value = initial;
    },
  };
}

/** One of `values`; the first until it is changed. */
export function createChoice<const T extends string>(values: readonly [T, ...T[]]): Control<T> {
  const accepts = (input: unknown): input is T => values.some((value) => value === input);
  return createControl(values[0], accepts, `one of ${values.join(', ')}`, {
    kind: 'choice',
    options: () => values.map((value) => [value, value.replaceAll('-', ' ')] as const),
    read: textOf,
  });
}

/** A text. `takes` says in words what it means. `whenEmpty` is what an empty field of a form means. */
export function createText(
  initial: string,
  takes: string,
  more: {
    readonly accepts?: (input: unknown) => input is string;
    readonly placeholder?: string;
    readonly whenEmpty?: string;
  } = {},
): Control<string> {
  const { accepts = isString, whenEmpty = '', ...shown } = more;
  return createControl(initial, accepts, takes, {
    ...{ kind: 'text', ...shown },
    read: (form, name) => textOf(form, name) || whenEmpty,
  });
}

/** True or false. */
export function createSwitch(initial: boolean): Control<boolean> {
  return createControl(initial, isBoolean, 'true or false', {
    kind: 'check',
    read: (form, name) => form.has(name),
  });
}

/** Zero or more: milliseconds, seconds. An empty field of a form means `initial`. */
export function createCount(initial: number): Control<number> {
  return createControl(initial, isCount, countInWords, numberField(initial));
}

/** Seconds that may be before or after. */
export function createWhole(): Control<number> {
  const accepts = (input: unknown): input is number => Number.isSafeInteger(input);
  return createControl(0, accepts, 'a whole number, less than 0 for behind', numberField(0));
}

/** How often a fault still happens; null: until reset. */
export function createTimes(
  takes = `${countInWords}, or null for every time`,
): Control<number | null> {
  const accepts = (input: unknown): input is number | null => input === null || isCount(input);
  return createControl(null, accepts, takes, { ...numberField(null), placeholder: 'all' });
}

function numberField(whenEmpty: number | null): ControlField {
  return {
    kind: 'text',
    show: (value) => (typeof value === 'number' ? String(value) : ''),
    read: (form, name) => numberOf(form, name) ?? whenEmpty,
  };
}

export function isString(input: unknown): input is string {
  return typeof input === 'string';
}

export function isBoolean(input: unknown): input is boolean {
  return typeof input === 'boolean';
}

export function isCount(input: unknown): input is number {
  return Number.isSafeInteger(input) && Number(input) >= 0;
}

/** What `isCount` accepts. */
export const countInWords = 'a whole number, 0 or more';

/** Counts `times` down. False when nothing is left of it. */
export function spend(times: Control<number | null>): boolean {
  if (times.value === null) return true;
  if (times.value === 0) return false;
  times.offer(times.value - 1);
  return true;
}

/** A field of a form; '' for one that is missing. */
export function textOf(form: URLSearchParams, name: string): string {
  return (form.get(name) ?? '').trim();
}

/** null for an empty field. */
export function numberOf(form: URLSearchParams, name: string): number | null {
  const text = textOf(form, name);
  return text === '' ? null : Number(text);
}

/** How a service can be down: answers 500, never answers, drops the connection, or talks nonsense. */
const outages = ['none', 'error', 'hang', 'drop', 'garbage'] as const;

type Outage = (typeof outages)[number];

export function createOutage(): Control<Outage> {
  return createChoice(outages);
}

/** Makes `response` fail by the outage. False when there is none: the caller answers. */
export function suffer(outage: Outage, response: ServerResponse): boolean {
  switch (outage) {
    case 'none':
      return false;
    case 'hang':
      return true;
    case 'drop':
      response.destroy();
      return true;
    case 'error':
      response.writeHead(500, { 'Content-Type': 'text/html' }).end('<h1>Internal error</h1>');
      return true;
    case 'garbage':
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"this is not');
      return true;
  }
}

/** How an API can fail: by another answer than `usual`, by an outage, or late. `times` requests fail. */
export interface ApiFaults<T extends string> {
  readonly answer: Control<T | 'usual'>;
  readonly outage: Control<Outage>;
  readonly delayMs: Control<number>;
  readonly times: Control<number | null>;
}

export function createApiFaults<const T extends string>(
  answers: readonly ['usual', ...T[]],
): ApiFaults<T> {
  return {
    answer: createChoice<T | 'usual'>(answers),
    outage: createOutage(),
    delayMs: createCount(0),
    times: createTimes(),
  };
}

/** The answer that is to be given, after the delay; undefined when an outage has answered. */
export async function takeFault<T extends string>(
  { answer, outage, delayMs, times }: ApiFaults<T>,
  response: ServerResponse,
): Promise<T | 'usual' | undefined> {
  const isFaulty = answer.value !== 'usual' || outage.value !== 'none' || delayMs.value > 0;
  if (!isFaulty || !spend(times)) return 'usual';
  await delay(delayMs.value);
  return suffer(outage.value, response) ? undefined : answer.value;
}

/** Does what a form of the control page asks. Gives a sentence when it cannot. */
export type ControlForm = (
  form: URLSearchParams,
) => string | undefined | Promise<string | undefined>;

/** Answers a JSON value by another, or by a sentence why it cannot. */
type ControlQuestion = (input: unknown) => Promise<object | { readonly fault: string }>;

export interface ControlPanel {
  readonly controls: Readonly<Record<string, Control<unknown>>>;
  /** What `POST /control/<name>` does besides `reset`. */
  readonly actions: Readonly<Record<string, () => Promise<void> | void>>;
  /** What `POST /control/<name>` does with a form of the page. A form can also do an action. */
  readonly forms: Readonly<Record<string, ControlForm>>;
  /** What `POST /control/<name>` answers to a JSON body. */
  readonly questions?: Readonly<Record<string, ControlQuestion>>;
  /** The page. `fault` says why the last form was refused. */
  page(fault?: string): string;
  readonly pageHeaders: OutgoingHttpHeaders;
}

/**
 * `GET /control` gives the state, to browsers as a page. `POST /control` takes a JSON object of controls and changes all
 * of them or none. `POST /control/<action>` does the action. A page of another site cannot use it: browsers say where a
 * request comes from (Sec-Fetch-Site of Fetch Metadata, Origin).
 */
export async function answerControl(
  panel: ControlPanel,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<void> {
  if (isFromAnotherSite(request)) {
    respondJson(response, 403, { error: 'the control endpoint is for this machine only' });
    return;
  }
  const isForm = mediaTypeOf(request) === 'application/x-www-form-urlencoded';
  if (request.method === 'POST' && isForm) {
    await answerForm(panel, request, response, path.slice('/control/'.length));
  } else if (request.method !== 'POST' && path === '/control' && prefersHtml(request)) {
    respond(response, 200, panel.page(), panel.pageHeaders);
  } else {
    await answerJson(panel, request, response, path.slice('/control/'.length));
  }
}

async function answerForm(
  panel: ControlPanel,
  request: IncomingMessage,
  response: ServerResponse,
  name: string,
): Promise<void> {
  // A form needs no permission to be sent across sites, so here silence is not enough.
  if (request.headers['sec-fetch-site'] !== 'same-origin' && request.headers.origin === undefined) {
    respondJson(response, 403, { error: 'the form does not say which page it is from' });
    return;
  }
  const form = new URLSearchParams(await readBody(request));
  if (Object.hasOwn(panel.forms, name)) {
    const fault = await panel.forms[name]?.(form);
    if (fault !== undefined) {
      respond(response, 400, panel.page(fault), panel.pageHeaders);
      return;
    }
  } else if (Object.hasOwn(panel.actions, name)) {
    await panel.actions[name]?.();
  } else {
    respondJson(response, 404, { error: `no such action: ${name}` });
    return;
  }
  response.writeHead(303, { Location: '/control', 'Cache-Control': 'no-store' }).end();
}

async function answerJson(
  panel: ControlPanel,
  request: IncomingMessage,
  response: ServerResponse,
  action: string,
): Promise<void> {
  const { questions = {} } = panel;
  if (request.method === 'POST' && Object.hasOwn(questions, action)) {
    const answer = await questions[action]?.(await readJson(request));
    const isFault = answer === undefined || 'fault' in answer;
    respondJson(response, isFault ? 400 : 200, answer);
    return;
  }
  if (request.method === 'POST' && action !== '') {
    const act = Object.hasOwn(panel.actions, action) ? panel.actions[action] : undefined;
    if (act === undefined) {
      respondJson(response, 404, { error: `no such action: ${action}` });
      return;
    }
    await act();
  } else if (request.method === 'POST') {
    const input = await readJson(request);
    const faults = change(panel.controls, input);
    if (faults.length > 0) {
      const accepted = isObject(input) && { accepted: acceptedInstead(panel.controls, faults) };
      respondJson(response, 400, { error: 'not accepted', faults, ...accepted });
      return;
    }
  }
  respondJson(response, 200, stateOf(panel.controls));
}

function change(controls: Readonly<Record<string, Control<unknown>>>, input: unknown): string[] {
  if (!isObject(input)) return ['a JSON object is needed, as application/json'];
  const takeBack = Object.values(controls).map((control) => control.remember());
  const faults = Object.entries(input)
    .filter(([name, value]) => {
      const control = Object.hasOwn(controls, name) ? controls[name] : undefined;
      return control?.offer(value) !== true;
    })
    .map(([name]) => name);
  if (faults.length > 0) {
    for (const undo of takeBack) undo();
  }
  return faults;
}

/** By name, in words, what the controls take whose values were refused. */
function acceptedInstead(
  controls: Readonly<Record<string, Control<unknown>>>,
  names: readonly string[],
): Readonly<Record<string, string>> {
  const takenBy = (name: string): string => {
    const control = Object.hasOwn(controls, name) ? controls[name] : undefined;
    return control?.takes ?? `nothing of that name: there are ${Object.keys(controls).join(', ')}`;
  };
  return Object.fromEntries(names.map((name) => [name, takenBy(name)]));
}

function stateOf(controls: Readonly<Record<string, Control<unknown>>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(controls).map(([name, control]) => [name, control.value]),
  );
}
