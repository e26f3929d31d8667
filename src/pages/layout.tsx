import type { ComponentChildren } from 'preact';
import { Door } from './door';
import { Initials } from './initials';
import { stylesheet } from './stylesheet';

interface LayoutProps {
  readonly title: string;
  /** Name of the signed-in user; adds the menu and the sign-out button, and lights the mark. */
  readonly signedInAs?: string | undefined;
  /** The page's own path where the menu has it. */
  readonly current?: string;
  /** What sends the browser on by itself, for the head of the page. */
  readonly goingOn?: ComponentChildren;
  /** Files of this repository in which to read how the page came about. */
  readonly files?: readonly string[];
  readonly children: ComponentChildren;
}

/** The frame of every page: head, brand, menu, who is signed in. No script of its own. */
export function Layout({ title, signedInAs, current, goingOn, files = [], children }: LayoutProps) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        {goingOn}
        <title>{`${title} · Anteroom`}</title>
        <style dangerouslySetInnerHTML={{ __html: stylesheet }} />
      </head>
      <body>
        <a class="skip" href="#content">
          Skip to content
        </a>
        <header class="bar">
          <a class="brand" href="/">
            <Door state={signedInAs === undefined ? 'dark' : 'lit'} />
            Anteroom
          </a>
          {signedInAs === undefined ? null : <Menu name={signedInAs} current={current} />}
        </header>
        <main id="content" tabIndex={-1}>
          {children}
        </main>
        {files.length === 0 ? null : <InTheCode files={files} />}
      </body>
    </html>
  );
}

const places = [
  { href: '/', text: 'Home' },
  { href: '/auth/me', text: 'Profile' },
  { href: '/auth/sessions', text: 'Sessions' },
  { href: '/auth/admin', text: 'Console' },
] as const;

function Menu({ name, current }: { readonly name: string; readonly current: string | undefined }) {
  return (
    <>
      <nav aria-label="Main">
        <ul>
          {places.map(({ href, text }) => (
            <li key={href}>
              <a href={href} {...(href === current && { 'aria-current': 'page' as const })}>
                {text}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div class="who">
        <Initials name={name} />
        <span>
          Signed in as <bdi>{name}</bdi>
        </span>
        <SignOutButton />
      </div>
    </>
  );
}

/** Signing out changes state, so it is a form. */
export function SignOutButton() {
  return (
    <form method="post" action="/auth/logout">
      <button class="plain" type="submit">
        Sign out
      </button>
    </form>
  );
}

function InTheCode({ files }: { readonly files: readonly string[] }) {
  return (
    <footer>
      This page in the code:{' '}
      <ul>
        {files.map((file) => (
          <li key={file}>
            <code>{file}</code>
          </li>
        ))}
      </ul>
    </footer>
  );
}
