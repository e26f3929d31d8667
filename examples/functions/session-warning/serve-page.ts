import { app, type HttpResponseInit } from '@azure/functions';
// As text in the bundle: nothing else is deployed, so in Azure there is no file to read.
import page from './index.html' with { type: 'text' };
import script from './session-warning.js' with { type: 'text' };

// Scripts and answers from this origin, nothing else: no inline script, no frame, no form.
const policy =
  "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** GET session-warning: the page. It holds nothing of anybody, so anyone may load it. */
export function servePage(): HttpResponseInit {
  return {
    headers: { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': policy },
    body: page,
  };
}

/** GET session-warning.js: its script. */
export function serveScript(): HttpResponseInit {
  return { headers: { 'Content-Type': 'text/javascript; charset=utf-8' }, body: script };
}

app.http('session-warning', {
  methods: ['GET', 'HEAD'],
  route: 'session-warning',
  authLevel: 'anonymous',
  handler: servePage,
});

app.http('session-warning-script', {
  methods: ['GET', 'HEAD'],
  route: 'session-warning.js',
  authLevel: 'anonymous',
  handler: serveScript,
});
