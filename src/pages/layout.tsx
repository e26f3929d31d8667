import { type ComponentChildren, createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { stylesheet } from './stylesheet';

/** Our pages that an app may leave out, and that the menu has. */
export type MenuPage = 'me' | 'sessions' | 'admin';

/** Where the pages of an app stand. Whatever makes a link to one of them gets it. */
export interface Site {
  /** The path of our functions: `/auth`, or `/api/auth` under the route prefix `api`. */
  readonly authPath: string;
  /** A path of the app's own: where "Home" leads, and where people go when no other page is known. */
  readonly homePath: string;
  readonly menu: readonly MenuPage[];
}

/** The site of the page that is being rendered. */
export const SiteContext = createContext<Site>({
  authPath: '/auth',
  homePath: '/',
  menu: ['me', 'sessions', 'admin'],
});

interface LayoutProps {
  readonly title: string;
  /** Name of the signed-in user; adds the menu and the sign-out button, and lights the mark. */
  readonly signedInAs?: string | undefined;
  /** The page's own entry in the menu. */
  readonly current?: MenuPage | 'home';
  /** What sends the browser on by itself, for the head of the page. */
  readonly goingOn?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** The frame of every page: head, brand, menu, who is signed in. No script of its own. */
export function Layout({ title, signedInAs, current, goingOn, children }: LayoutProps) {
  const { homePath } = useContext(SiteContext);
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
          <a class="brand" href={homePath}>
            <Door state={signedInAs === undefined ? 'dark' : 'lit'} />
            Anteroom
          </a>
          {signedInAs === undefined ? null : <Menu name={signedInAs} current={current} />}
        </header>
        <main id="content" tabIndex={-1}>
          {children}
        </main>
      </body>
    </html>
  );
}

const texts = { me: 'Profile', sessions: 'Sessions', admin: 'Console' } as const;

interface MenuProps {
  readonly name: string;
  readonly current: LayoutProps['current'];
}

function Menu({ name, current }: MenuProps) {
  const { authPath, homePath, menu } = useContext(SiteContext);
  const entries = [
    { page: 'home', href: homePath, text: 'Home' },
    ...menu.map((page) => ({ page, href: `${authPath}/${page}`, text: texts[page] })),
  ];
  return (
    <>
      <nav aria-label="Main">
        <ul>
          {entries.map(({ page, href, text }) => (
            <li key={page}>
              <a href={href} {...(page === current && { 'aria-current': 'page' as const })}>
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
  const { authPath } = useContext(SiteContext);
  return (
    <form method="post" action={`${authPath}/logout`}>
      <button class="plain" type="submit">
        Sign out
      </button>
    </form>
  );
}

/** `lit`: somebody may pass. `dark`: nobody is there. `shut`: closed to this person. */
export type DoorState = 'lit' | 'dark' | 'shut';

interface DoorProps {
  readonly state: DoorState;
  /** In CSS pixels. */
  readonly size?: number;
}

/** The mark of Anteroom: a doorway seen through a doorway. Light in the inner one means signed in. */
export function Door({ state, size = 28 }: DoorProps) {
  return (
    <svg
      class={`door ${state}`}
      viewBox="0 0 32 32"
      width={size}
      height={size}
      aria-hidden="true"
      focusable="false"
    >
      <path class="room" d="M11 28V15.5a5 5 0 0 1 10 0V28z" />
      <path class="frame" d="M5.5 28V14.5a10.5 10.5 0 0 1 21 0V28M2 28h28" />
      {state === 'shut' ? <circle class="knob" cx="18" cy="21" r="1.25" /> : null}
    </svg>
  );
}

interface InitialsProps {
  readonly name: string;
  /** What lies over the letters. */
  readonly children?: ComponentChildren;
}

/** A round portrait of letters. The name itself always stands beside it, so it says nothing to a screen reader. */
export function Initials({ name, children }: InitialsProps) {
  return (
    <span class="initials" aria-hidden="true">
      <span>{initialsOf(name)}</span>
      {children}
    </span>
  );
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** First letters of the first and the last word, as a reader counts letters: `é` and emoji stay whole. */
export function initialsOf(name: string): string {
  const spoken = name.split(/[\s,;()]+/).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const ends = spoken.length < 2 ? spoken : [spoken[0] ?? '', spoken[spoken.length - 1] ?? ''];
  const letters = ends.map((word) => [...segmenter.segment(word)][0]?.segment ?? '').join('');
  return letters === '' ? '?' : letters.toLocaleUpperCase('en');
}
