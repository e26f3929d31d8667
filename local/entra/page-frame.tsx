import { createHash } from 'node:crypto';
import type { ComponentChildren } from 'preact';
import { renderToString } from 'preact-render-to-string';

/** What went wrong, with the AADSTS number. */
export function errorPage(text: string): string {
  return page({
    title: 'Sorry, but we are having trouble signing you in',
    children: <Alarm text={text} />,
  });
}

/** An error text of Microsoft Entra ID. The part that only its support can use is shown apart. */
export function Alarm({ text }: { readonly text: string }) {
  const [said = text, ...traces] = text.split(/\s+(?=Trace ID: |Correlation ID: |Timestamp: )/);
  return (
    <p class="alarm" role="alert">
      {said}
      {traces.map((trace) => (
        <code key={trace}> {trace}</code>
      ))}
    </p>
  );
}

interface PageOptions {
  readonly title: string;
  readonly children: ComponentChildren;
  /** Goes there by itself once the page has loaded. */
  readonly next?: string;
}

/** A whole page. It says that it is of a stand-in. */
export function page({ title, children, next }: PageOptions): string {
  const html = renderToString(
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        {next === undefined ? null : <meta http-equiv="refresh" content={`0;url=${next}`} />}
        <title>{`${title} · local stand-in for Microsoft Entra ID`}</title>
        {/* The hash in the policy is of these very characters: nothing may be escaped in them. */}
        <style dangerouslySetInnerHTML={{ __html: style }} />
      </head>
      <body>
        <header class="mark">
          <strong>Local stand-in for Microsoft Entra ID</strong> — no password, no network
        </header>
        <main>
          <h1>{title}</h1>
          {children}
        </main>
      </body>
    </html>,
  );
  return `<!doctype html>${html}`;
}

/**
 * Headers of a page. A form may lead to `origins`, and frames may show them: the origins of the app's registered addresses.
 * Chromium applies `form-action` to redirects of a form too.
 */
export function pageHeaders(origins: Iterable<string>): Record<string, string> {
  const allowed = [...new Set(origins)].join(' ');
  return {
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
    'Content-Security-Policy':
      `default-src 'none'; style-src ${styleHash}; form-action 'self' ${allowed}; ` +
      `frame-src ${allowed === '' ? "'none'" : allowed}; frame-ancestors 'none'; base-uri 'none'`,
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
  };
}

/** The stylesheet of the stand-in, inline under a CSP hash. It does not look like Anteroom: this is another site. */
export const style = `
:root { color-scheme: light dark; --ground: #eef0f4; --card: #fff; --ink: #15181e; --quiet: #565d6b;
  --line: #dde1e8; --edge: #7b8494; --accent: #2b57b5; --over: #1f4390; --on: #fff; --wash: #eef2fb;
  --mark: #ffe9a8; --mark-ink: #4d3900; --stripe: #f4c84a; --alarm: #9d1c1c; --alarm-wash: #fdeeee; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #0f1115; --card: #181b21; --ink: #eceff4; --quiet: #a7afbd; --line: #2b303a;
    --edge: #737c8c; --accent: #9dbcff; --over: #c3d6ff; --on: #0b1b3f; --wash: #1f2637;
    --mark: #33290a; --mark-ink: #ffe29a; --stripe: #7d6110; --alarm: #ffaaaa; --alarm-wash: #331a1b; } }
* { box-sizing: border-box; margin: 0; }
body { min-height: 100vh; background: var(--ground); color: var(--ink); overflow-wrap: anywhere;
  font: 1rem/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif; }
.mark { background: var(--mark); color: var(--mark-ink); text-align: center; font-size: .875rem;
  padding: .625rem 1rem .5rem; }
.mark::before { content: ''; position: absolute; left: 0; right: 0; top: 0; height: 4px;
  background: repeating-linear-gradient(135deg, var(--stripe) 0 10px, transparent 10px 20px); }
main { width: min(28rem, 100% - 2rem); margin: clamp(1rem, 8vh, 5rem) auto 2rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 14px; padding: clamp(1.25rem, 5vw, 2rem); }
h1 { font-size: 1.5rem; line-height: 1.25; letter-spacing: -.015em; font-weight: 650; text-wrap: balance; }
h1 + * { margin-top: .5rem; }
p + p, p + ul, ul + p { margin-top: 1rem; }
p { color: var(--quiet); }
p strong { color: var(--ink); font-weight: 600; }
.alarm { margin-top: 1rem; padding: .75rem 1rem; border-radius: 10px; background: var(--alarm-wash); color: var(--alarm); }
.alarm code { display: block; margin-top: .25rem; }
code { font: .8125em/1.5 ui-monospace, SFMono-Regular, 'Cascadia Code', Menlo, Consolas, monospace; }
ul { list-style: none; padding: 0; }
a { color: var(--accent); text-underline-offset: .2em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 8px; }
button, .button { font: inherit; font-weight: 600; color: inherit; cursor: pointer; border-radius: 8px; min-height: 2.75rem;
  display: inline-flex; align-items: center; padding: .5rem 1.25rem; border: 1px solid var(--edge); background: none;
  text-decoration: none; }
button:hover { background: var(--wash); }
.primary { background: var(--accent); border-color: var(--accent); color: var(--on); }
.primary:hover { background: var(--over); border-color: var(--over); }
label input { display: block; width: 100%; min-height: 2.75rem; padding: .25rem .75rem; font: inherit; color: inherit;
  background: var(--card); border: 1px solid var(--edge); border-radius: 8px; }
.answers { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.75rem; }
.accounts { margin: 1.25rem -.75rem 0; }
.accounts li + li { border-top: 1px solid var(--line); }
.account { display: grid; grid-template-columns: 2.5rem 1fr; gap: 0 1rem; width: 100%; text-align: left;
  align-items: start; padding: .875rem .75rem; border: 0; font-weight: 400; line-height: 1.4; }
.account strong { margin-right: .25rem; font-weight: 600; }
.account small { display: block; color: var(--quiet); font-size: .875rem; margin-top: .125rem; }
.face { display: grid; place-items: center; width: 2.5rem; height: 2.5rem; border-radius: 50%; font-size: .875rem;
  font-weight: 600; background: var(--wash); color: var(--accent); }
.tag { display: inline-block; font-size: .8125rem; padding: 0 .5rem; border-radius: 99px;
  color: var(--accent); background: var(--wash); }
.scopes li { padding: .75rem 0; border-top: 1px solid var(--line); color: var(--quiet); }
.scopes code { display: block; color: var(--ink); font-size: .9375em; }
iframe { width: 0; height: 0; border: 0; position: absolute; }
@media (prefers-reduced-motion: no-preference) { button { transition: background-color .15s, border-color .15s; } }
`;

const styleHash = `'sha256-${createHash('sha256').update(style).digest('base64')}'`;
