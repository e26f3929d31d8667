import { createHash } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { ComponentChildren } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { isObject } from '../../src/bodies';
import { type Control } from './control';
import { readBody, respond, respondJson } from './server';

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

function isFromAnotherSite(request: IncomingMessage): boolean {
  const { 'sec-fetch-site': site, origin, host } = request.headers;
  if (site !== undefined) return site !== 'same-origin' && !isOwnNavigation(request, site);
  return origin !== undefined && origin !== `http://${host ?? ''}`;
}

// A person who typed the address, or followed a link to it from the app: reading changes nothing.
function isOwnNavigation({ method, headers }: IncomingMessage, site: string): boolean {
  return site === 'none' || (method === 'GET' && headers['sec-fetch-mode'] === 'navigate');
}

function mediaTypeOf(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

function prefersHtml(request: IncomingMessage): boolean {
  return (request.headers.accept ?? '').includes('text/html');
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  // The media type cannot be sent by a plain form of another site.
  if (mediaTypeOf(request) !== 'application/json') return undefined;
  try {
    return JSON.parse(await readBody(request));
  } catch {
    return undefined;
  }
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

// A tool's look: neither the app's nor the provider's.
const style = `
:root { color-scheme: light dark; --ground: #fff; --ink: #1a1d23; --quiet: #565d6b; --line: #c9ced8;
  --edge: #757d8c; --accent: #2b57b5; --alarm: #9d1c1c; --mark: #ffe9a8; --mark-ink: #4d3900; }
@media (prefers-color-scheme: dark) { :root { --ground: #15181d; --ink: #eceff4; --quiet: #a7afbd;
  --line: #343a45; --edge: #7d8696; --accent: #9dbcff; --alarm: #ffaaaa; --mark: #33290a;
  --mark-ink: #ffe29a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); overflow-wrap: anywhere;
  font: 1rem/1.5 system-ui, 'Segoe UI', sans-serif; }
header { background: var(--mark); color: var(--mark-ink); padding: .5rem 1rem; text-align: center; }
main { width: min(60rem, 100% - 2rem); margin: 2rem auto 4rem; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; } h2 { font-size: 1.125rem; margin: 2rem 0 .75rem; }
p { margin: 0 0 1rem; } .quiet { color: var(--quiet); } .alarm { color: var(--alarm); font-weight: 600; }
.grid { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(18rem, 100%), 1fr)); }
fieldset { border: 1px solid var(--line); border-radius: 8px; padding: .75rem 1rem 1rem; margin: 0; height: 100%; }
legend { font-weight: 600; padding: 0 .25rem; }
label { display: block; margin-bottom: .75rem; } label.check { display: flex; gap: .5rem; align-items: center; }
input:not([type=checkbox]), select { display: block; width: 100%; min-height: 2.5rem; padding: .25rem .5rem;
  font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--edge); border-radius: 6px; }
input[type=checkbox] { width: 1.25rem; height: 1.25rem; accent-color: var(--accent); }
button { font: inherit; font-weight: 600; min-height: 2.5rem; padding: .25rem 1rem; border-radius: 6px; cursor: pointer;
  border: 1px solid var(--edge); background: none; color: var(--accent); }
button:hover { border-color: var(--accent); }
.grid + form, form + p, .after { margin-top: 1rem; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
code { font-family: ui-monospace, Consolas, monospace; }
`;

const styleHash = createHash('sha256').update(style).digest('base64');

/** Headers of a control page: no script, nothing from elsewhere, in no frame. */
export const controlPageHeaders = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy':
    `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self'; ` +
    "frame-ancestors 'none'; base-uri 'none'",
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
} as const;

/** A page on which a person changes what a stand-in does. `of`: what it stands in for. */
export function controlPage(options: {
  readonly of: string;
  /** Why the last form was not taken. */
  readonly fault?: string | undefined;
  readonly children: ComponentChildren;
}): string {
  const { of, fault, children } = options;
  const html = renderToString(
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{`Control · local stand-in for ${of}`}</title>
        {/* The hash in the policy is of these very characters: nothing may be escaped in them. */}
        <style dangerouslySetInnerHTML={{ __html: style }} />
      </head>
      <body>
        <header>Local stand-in for {of}</header>
        <main>
          <h1>Control</h1>
          {fault === undefined ? null : (
            <p class="alarm" role="alert">
              {fault}
            </p>
          )}
          {children}
          <h2>Everything</h2>
          <form method="post" action="/control/reset">
            <button>Take every change back</button>
          </form>
          <p class="quiet">
            Tests use this address with JSON: GET tells the state, POST changes it.
          </p>
        </main>
      </body>
    </html>,
  );
  return `<!doctype html>${html}`;
}

/** A form of a control page: its fields, and a button that sends them to `/control/<action>`. */
export function FieldsForm(props: {
  readonly action: string;
  readonly legend: string;
  readonly button?: string;
  readonly children?: ComponentChildren;
}) {
  const { action, legend, button = 'Set', children } = props;
  return (
    <form method="post" action={`/control/${action}`}>
      <fieldset>
        <legend>{legend}</legend>
        {children}
        <button>{button}</button>
      </fieldset>
    </form>
  );
}

/** A labelled line of text. */
export function TextField(props: {
  readonly label: string;
  readonly name: string;
  readonly value?: string | number;
  readonly placeholder?: string;
  readonly required?: boolean;
}) {
  const { label, ...input } = props;
  return (
    <label>
      {label}
      <input {...input} autocomplete="off" />
    </label>
  );
}

/** A labelled choice. `options`: value and text. */
export function ChoiceField(props: {
  readonly label: string;
  readonly name: string;
  readonly value?: string;
  readonly options: readonly (readonly [value: string, text: string])[];
}) {
  const { label, name, value, options } = props;
  return (
    <label>
      {label}
      <select name={name}>
        {options.map(([each, text]) => (
          <option key={each} value={each} selected={each === value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A labelled box to tick. */
export function CheckField(props: {
  readonly label: string;
  readonly name: string;
  readonly checked: boolean;
}) {
  return (
    <label class="check">
      <input type="checkbox" name={props.name} checked={props.checked} />
      {props.label}
    </label>
  );
}

/** How often a fault still happens; an empty field: every time. */
export function TimesField(props: {
  readonly label?: string;
  readonly name: string;
  readonly value: number | null;
}) {
  const { label = 'How many requests', name, value } = props;
  return <TextField label={label} name={name} value={value ?? ''} placeholder="all" />;
}

/** Options for values that are words themselves, joined by dashes. */
export function wordOptions(values: readonly string[]): (readonly [value: string, text: string])[] {
  return values.map((value) => [value, value.replaceAll('-', ' ')] as const);
}
