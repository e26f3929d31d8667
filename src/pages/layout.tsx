import { type ComponentChildren, createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { User } from '../sessions/session';
import type { Language } from '../texts/language';
import { type Brand, type Logo, plainBrand } from './brand';
import { listStylesheet, stylesheet } from './stylesheet';

/** The pages in our menu. An app may leave each of them out. */
export type MenuPage = 'me' | 'sessions' | 'admin';

/** The paths of the pages of an app. All code that makes a link to a page uses it. */
export interface Site {
  /** The path of our functions: `/auth`, or `/api/auth` under the route prefix `api`. */
  readonly authPath: string;
  /** `/api` under the route prefix `api`; empty without one. */
  readonly routePrefix: string;
  /** The app's own home page. "Home" leads there, and so does a sign-in without a wanted page. */
  readonly homePath: string;
  readonly menu: readonly MenuPage[];
  /** The role that opens the console. The menu shows the console to people with this role only. */
  readonly adminRole?: string;
  readonly brand: Brand;
}

/** The site of the page that is being rendered. */
export const SiteContext = createContext<Site>({
  authPath: '/auth',
  routePrefix: '',
  homePath: '/',
  menu: ['me', 'sessions', 'admin'],
  adminRole: 'admin',
  brand: plainBrand,
});

/** The signed-in person who reads the page. The roles decide what the menu shows. */
export type Reader = Pick<User, 'name' | 'username' | 'roles'>;

/** A person by name and user name. Azure AD B2C sends no user name, and other providers may send no other name. */
export function PersonName({ name, username }: Pick<Reader, 'name' | 'username'>) {
  return username === '' || username === name ? (
    <bdi>{name}</bdi>
  ) : (
    <>
      <bdi>{name}</bdi> (<bdi>{username}</bdi>)
    </>
  );
}

/** The language of the page that is being rendered. */
export const LanguageContext = createContext<Language>(plainBrand.languages.first);

/** The language of the page, for times and numbers. */
export const useLanguage = (): Language => useContext(LanguageContext);

/** The texts of the page, in its language. Pages have no text of their own. */
export const useTexts = (): Language['texts'] => useLanguage().texts;

interface LayoutProps {
  readonly title: string;
  /** The signed-in user. With it the page has the menu and the sign-out button, and the mark is lit. */
  readonly signedInAs?: Reader | undefined;
  /** The page's own entry in the menu. */
  readonly current?: MenuPage | 'home';
  /** True adds the stylesheet of lists. */
  readonly hasList?: boolean;
  /** Elements for the head of a page that sends the browser to another page. */
  readonly goingOn?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** The frame of every page: head, brand, menu and who is signed in. It has no script. */
export function Layout(props: LayoutProps) {
  const { title, signedInAs, current, hasList = false, goingOn, children } = props;
  const { homePath, brand } = useContext(SiteContext);
  const { tag, direction, texts } = useLanguage();
  return (
    <html lang={tag} dir={direction}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        {goingOn}
        <title>{title === brand.name ? title : `${title} · ${brand.name}`}</title>
        <Icons />
        <style dangerouslySetInnerHTML={{ __html: stylesheet }} />
        {hasList ? <style dangerouslySetInnerHTML={{ __html: listStylesheet }} /> : null}
        {brand.style === '' ? null : <style dangerouslySetInnerHTML={{ __html: brand.style }} />}
      </head>
      <body>
        <a class="skip" href="#content">
          {texts.frame.skip}
        </a>
        <header class="bar">
          <a class="brand" href={homePath}>
            <Mark isLit={signedInAs !== undefined} />
            {brand.name}
          </a>
          {signedInAs === undefined ? null : <Menu reader={signedInAs} current={current} />}
        </header>
        <main id="content" tabIndex={-1}>
          {children}
        </main>
        <Footer />
      </body>
    </html>
  );
}

/** For the tab of the browser, and for the home screen of a phone. */
function Icons() {
  const { authPath, brand } = useContext(SiteContext);
  const { logo } = brand;
  const isPng = logo?.kind === 'path' ? /\.png$/i.test(logo.path) : logo?.type === 'image/png';
  const touchIcon = logo !== undefined && isPng ? logoPath(authPath, logo) : undefined;
  return (
    <>
      <link
        rel="icon"
        href={logo === undefined ? `${authPath}/brand/icon.svg` : logoPath(authPath, logo)}
      />
      <link rel="apple-touch-icon" href={touchIcon ?? `${authPath}/brand/touch-icon.png`} />
    </>
  );
}

const logoPath = (authPath: string, logo: Logo): string =>
  logo.kind === 'path' ? logo.path : `${authPath}/brand/logo`;

/** Beside the name. A team's own app without a logo has none: the doorway is the mark of Anteroom. */
function Mark({ isLit }: { readonly isLit: boolean }) {
  const { authPath, brand } = useContext(SiteContext);
  const { logo } = brand;
  if (logo !== undefined) return <img class="logo" src={logoPath(authPath, logo)} alt="" />;
  return brand.isOwn ? null : <Door state={isLit ? 'lit' : 'dark'} />;
}

function Footer() {
  const { links } = useContext(SiteContext).brand;
  const { frame } = useTexts();
  if (links.length === 0) return null;
  return (
    <footer>
      <ul>
        {links.map(({ to, href }) => (
          <li key={to}>
            <a href={href}>{frame[to]}</a>
          </li>
        ))}
      </ul>
    </footer>
  );
}

interface MenuProps {
  readonly reader: Reader;
  readonly current: LayoutProps['current'];
}

function Menu({ reader: { name, roles }, current }: MenuProps) {
  const { authPath, homePath, menu, adminRole } = useContext(SiteContext);
  const { frame } = useTexts();
  const texts = { me: frame.profile, sessions: frame.sessions, admin: frame.console };
  const isAdmin = adminRole !== undefined && roles.includes(adminRole);
  const entries = [
    { page: 'home', href: homePath, text: frame.home },
    ...menu
      .filter((page) => page !== 'admin' || isAdmin)
      .map((page) => ({ page, href: `${authPath}/${page}`, text: texts[page] })),
  ];
  return (
    <>
      <nav aria-label={frame.mainMenu}>
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
        <span>{frame.signedInAs(<bdi>{name}</bdi>)}</span>
        <SignOutButton />
      </div>
    </>
  );
}

/** It is a form and not a link, because a sign-out changes something. */
export function SignOutButton() {
  const { authPath } = useContext(SiteContext);
  return (
    <form method="post" action={`${authPath}/logout`}>
      <button class="plain" type="submit">
        {useTexts().frame.signOut}
      </button>
    </form>
  );
}

/** `lit`: this person may enter. `dark`: nobody is signed in. `shut`: this person may not enter, or there is a fault. */
export type DoorState = 'lit' | 'dark' | 'shut';

interface DoorProps {
  readonly state: DoorState;
  /** In CSS pixels. */
  readonly size?: number;
}

/** The mark of Anteroom: a doorway behind a doorway. Light in the inner one means that somebody is signed in. */
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
  /** An element over the letters, for example a photo. */
  readonly children?: ComponentChildren;
}

/** The initials of a name in a circle. The name itself is always beside it, so screen readers skip it. */
export function Initials({ name, children }: InitialsProps) {
  return (
    <span class="initials" aria-hidden="true">
      <span>{initialsOf(name)}</span>
      {children}
    </span>
  );
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** First letters of the first and the last word, in capitals; `?` for a name without letters. `é` and emoji stay whole. */
export function initialsOf(name: string): string {
  const spoken = name.split(/[\s,;()]+/).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const ends = spoken.length < 2 ? spoken : [spoken[0] ?? '', spoken[spoken.length - 1] ?? ''];
  const letters = ends.map((word) => [...segmenter.segment(word)][0]?.segment ?? '').join('');
  return letters === '' ? '?' : letters.toLocaleUpperCase('en');
}
