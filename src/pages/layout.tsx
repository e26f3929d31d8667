import { type ComponentChildren, createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { User } from '../sessions/session';
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
function SignOutButton() {
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

export interface PageLink {
  readonly href: string;
  readonly text: string;
}

/** Something to tell an operator, who finds it in a log. */
export interface Reference {
  readonly name: string;
  readonly value: string;
}

interface MessagePageProps {
  readonly title: string;
  /** What the door on the page shows: `shut` for a refusal or fault. */
  readonly door?: DoorState;
  /** Who is signed in, where that is known: named on the page, which then has the menu. */
  readonly signedInAs?: Pick<User, 'name' | 'username'> | undefined;
  /** What to do next; the first is the main one. */
  readonly links: readonly PageLink[];
  /** Adds a button, for somebody who is signed in but not known. */
  readonly offersSignOut?: boolean;
  /** Small print an operator can use: error code, number, correlation id. */
  readonly references?: readonly Reference[];
  readonly children: ComponentChildren;
}

/** A page that says what happened, who must act and how: errors, refusals, signed out. */
export function MessagePage(props: MessagePageProps) {
  const { title, door = 'dark', signedInAs, links, offersSignOut = false } = props;
  const { references = [], children } = props;
  return (
    <Layout title={title} signedInAs={signedInAs?.name}>
      <div class="card narrow">
        <Door state={door} size={48} />
        <h1>{title}</h1>
        {children}
        {signedInAs === undefined ? null : <SignedInAs {...signedInAs} />}
        <div class="actions">
          {links.map((link, index) => (
            <a class={index === 0 ? 'button' : 'button plain'} href={link.href} key={link.href}>
              {link.text}
            </a>
          ))}
          {offersSignOut ? <SignOutButton /> : null}
        </div>
        {references.length === 0 ? null : <References references={references} />}
      </div>
    </Layout>
  );
}

function SignedInAs({ name, username }: Pick<User, 'name' | 'username'>) {
  return (
    <p class="soft">
      Signed in as <bdi>{name}</bdi> (<bdi>{username}</bdi>)
    </p>
  );
}

function References({ references }: { readonly references: readonly Reference[] }) {
  return (
    <dl class="reference">
      {references.map(({ name, value }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

interface ContinuePageProps {
  readonly title: string;
  readonly goTo: string;
  readonly text: string;
  /** For an address of this app: the fragment of this page's address goes along. Needs a policy that lets the script run. */
  readonly keepsFragment?: boolean;
}

/**
 * Sends the browser on by a navigation of our own. Cookies that are `SameSite=Strict` come along on it, which they
 * would not on a redirect that another site began; and `form-action` does not apply to it.
 * It is seen only when the next page is slow: `wait` keeps a quick one from flashing.
 */
export function ContinuePage({ title, goTo, text, keepsFragment = false }: ContinuePageProps) {
  return (
    <Layout title={title} goingOn={<GoingOn goTo={goTo} keepsFragment={keepsFragment} />}>
      <div class="card narrow wait">
        <Door state="lit" size={48} />
        <h1>{title}</h1>
        <p class="soft">{text}</p>
        <div class="actions">
          <a class="button" href={goTo}>
            Continue
          </a>
        </div>
      </div>
    </Layout>
  );
}

function GoingOn({ goTo, keepsFragment }: Pick<ContinuePageProps, 'goTo' | 'keepsFragment'>) {
  const { authPath } = useContext(SiteContext);
  const refresh = <meta http-equiv="refresh" content={`0; url=${goTo}`} />;
  if (keepsFragment !== true) return refresh;
  // No refresh beside the script: it would need a delay, and would then move the page while a person uses it (WCAG 2.2.1).
  // When the script does not load, there is the button.
  return (
    <>
      <noscript>{refresh}</noscript>
      <script defer src={`${authPath}/continue.js`} data-go-to={goTo} />
    </>
  );
}
