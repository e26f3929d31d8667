import type { ComponentChildren } from 'preact';
import { stylesheet } from './stylesheet';

interface LayoutProps {
  readonly title: string;
  /** Name of the signed-in user; adds the sign-out button. */
  readonly signedInAs?: string | undefined;
  /** Sends the browser on by itself, to a path or URL of ours or the provider's. */
  readonly goTo?: string | undefined;
  /** For pages with few words. */
  readonly narrow?: boolean;
  readonly children: ComponentChildren;
}

/** The frame of every page: head, brand, who is signed in. No script anywhere. */
export function Layout({ title, signedInAs, goTo, narrow = false, children }: LayoutProps) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        {goTo === undefined ? null : <meta http-equiv="refresh" content={`0; url=${goTo}`} />}
        <title>{`${title} · Anteroom`}</title>
        <style dangerouslySetInnerHTML={{ __html: stylesheet }} />
      </head>
      <body>
        <a class="skip" href="#content">
          Skip to content
        </a>
        <header class="bar">
          <a class="brand" href="/">
            Anteroom
          </a>
          {signedInAs === undefined ? null : <SignedInAs name={signedInAs} />}
        </header>
        <main id="content">
          <div class={narrow ? 'card narrow' : 'card'}>{children}</div>
        </main>
      </body>
    </html>
  );
}

function SignedInAs({ name }: { readonly name: string }) {
  return (
    <div class="who">
      <span>Signed in as {name}</span>
      <form method="post" action="/auth/logout">
        <button class="plain" type="submit">
          Sign out
        </button>
      </form>
    </div>
  );
}
