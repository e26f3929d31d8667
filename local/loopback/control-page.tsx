import { createHash } from 'node:crypto';
import type { ComponentChildren } from 'preact';
import { renderToString } from 'preact-render-to-string';

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
.grid + form, form + p { margin-top: 1rem; }
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
