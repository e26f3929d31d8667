import type { ComponentChildren } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { style, styleHash } from './style';

interface PageOptions {
  readonly title: string;
  readonly children: ComponentChildren;
  /** Goes there by itself once the page has loaded. */
  readonly next?: string;
}

/** A whole page of the stand-in, plainly marked as one. */
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
 * Headers of a page. `origins` may be gone to by a form (Chromium holds a form's redirects to
 * `form-action` too) and be framed: those of the app's registered addresses.
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
