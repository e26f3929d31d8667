import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Control } from './control';
import { isRecord } from './control';
import { readBody } from './read-body';
import { respondJson } from './respond';

export interface ControlPanel {
  readonly controls: Readonly<Record<string, Control<unknown>>>;
  /** What `POST /control/<name>` does besides `reset`. */
  readonly actions: Readonly<Record<string, () => Promise<void> | void>>;
}

/**
 * `GET /control`: the state. `POST /control`: a JSON object of the controls to change, all or none.
 * `POST /control/<action>`: does it. For tests and people at this machine: a page of another site
 * cannot use it, since browsers tell where a request comes from (Sec-Fetch-Site, Fetch Metadata).
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
  const action = path.slice('/control/'.length);
  if (request.method === 'POST' && action !== '') {
    const act = Object.hasOwn(panel.actions, action) ? panel.actions[action] : undefined;
    if (act === undefined) {
      respondJson(response, 404, { error: `no such action: ${action}` });
      return;
    }
    await act();
  } else if (request.method === 'POST') {
    const faults = change(panel.controls, await readJson(request));
    if (faults.length > 0) {
      respondJson(response, 400, { error: 'not accepted', faults });
      return;
    }
  }
  respondJson(response, 200, stateOf(panel.controls));
}

function isFromAnotherSite(request: IncomingMessage): boolean {
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const origin = request.headers.origin;
  return origin !== undefined && origin !== `http://${request.headers.host ?? ''}`;
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  // The media type cannot be sent by a plain form of another site.
  if (!(request.headers['content-type'] ?? '').startsWith('application/json')) return undefined;
  try {
    return JSON.parse(await readBody(request));
  } catch {
    return undefined;
  }
}

function change(controls: Readonly<Record<string, Control<unknown>>>, input: unknown): string[] {
  if (!isRecord(input)) return ['a JSON object is needed, as application/json'];
  const before = stateOf(controls);
  const faults = Object.entries(input)
    .filter(([name, value]) => {
      const control = Object.hasOwn(controls, name) ? controls[name] : undefined;
      return control?.offer(value) !== true;
    })
    .map(([name]) => name);
  if (faults.length > 0) {
    for (const [name, value] of Object.entries(before)) controls[name]?.offer(value);
  }
  return faults;
}

function stateOf(controls: Readonly<Record<string, Control<unknown>>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(controls).map(([name, control]) => [name, control.value]),
  );
}
