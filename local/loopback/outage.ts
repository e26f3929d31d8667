import type { ServerResponse } from 'node:http';

/** How a service can be down: answers 500, never answers, drops the connection, or talks nonsense. */
export const outages = ['none', 'error', 'hang', 'drop', 'garbage'] as const;

export type Outage = (typeof outages)[number];

/** Lives the outage on `response`; false when there is none, so that the caller answers. */
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
