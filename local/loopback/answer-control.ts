import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Control } from './control';
import { isRecord } from './control';
import { readBody } from './read-body';
import { respond, respondJson } from './respond';

/** Takes a form of the control page; gives a sentence when it cannot be done. */
export type ControlForm = (form: URLSearchParams) => string | undefined;

export interface ControlPanel {
  readonly controls: Readonly<Record<string, Control<unknown>>>;
  /** What `POST /control/<name>` does besides `reset`. */
  readonly actions: Readonly<Record<string, () => Promise<void> | void>>;
  /** What `POST /control/<name>` does with a form of the page; actions can be done by a form, too. */
  readonly forms: Readonly<Record<string, ControlForm>>;
  /** The page for people; `fault` says why the last form was not taken. */
  page(fault?: string): string;
  readonly pageHeaders: OutgoingHttpHeaders;
}

/**
 * `GET /control`: the state, as a page for browsers. `POST /control`: a JSON object of the controls to
 * change, all or none. `POST /control/<action>`: does it. For tests and people at this machine: a page
 * of another site cannot use it, since browsers tell where a request comes from (Sec-Fetch-Site,
 * Fetch Metadata; Origin).
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
    const fault = panel.forms[name]?.(form);
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
      const accepted = isRecord(input) && { accepted: acceptedInstead(panel.controls, faults) };
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
  if (!isRecord(input)) return ['a JSON object is needed, as application/json'];
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
