import type { ComponentChildren } from 'preact';
import { useContext } from 'preact/hooks';
import type { ErrorTone } from '../error-facts';
import { Layout, PersonName, type Reader, SignOutButton, SiteContext, useTexts } from './layout';

/**
 * What a page with one message is about. The tone of an error, or:
 *
 * - `done`: what was asked for is done
 * - `partly`: a part of it could not be done now
 * - `here`: the person is signed in
 * - `going`: another page opens at once
 */
export type Ending = ErrorTone | 'done' | 'partly' | 'here' | 'going';

export interface PageLink {
  readonly href: string;
  readonly text: string;
}

/** A code or id that a person can tell an operator, who finds it in a log. */
export interface Reference {
  readonly name: string;
  readonly value: string;
}

interface MessagePageProps {
  readonly title: string;
  /** What the page is about: it decides picture, colour and the line above the title. `done` unless given. */
  readonly ending?: Ending;
  /** The signed-in user, if known. The page then shows the name and the menu. */
  readonly signedInAs?: Reader | undefined;
  /** Links to what the person can do next. The first is the main one. */
  readonly links: readonly PageLink[];
  /** True adds a sign-out button, for a person whose session could not be read. */
  readonly offersSignOut?: boolean;
  /** Error code, number and correlation ids for an operator, in small print. */
  readonly references?: readonly Reference[];
  readonly children: ComponentChildren;
}

/** A page that says what happened, who must act and how: errors, refusals, signed out. */
export function MessagePage(props: MessagePageProps) {
  const { title, ending = 'done', signedInAs, links, offersSignOut = false } = props;
  const { references = [], children } = props;
  const labels: Readonly<Partial<Record<Ending, string>>> = useTexts().endings;
  return (
    <Layout title={title} signedInAs={signedInAs}>
      <div class="card narrow">
        <Picture ending={ending} label={labels[ending]} />
        <h1>{title}</h1>
        {children}
        {signedInAs === undefined ? null : <SignedInAs {...signedInAs} />}
        <div class="actions">
          {useWithHelp(ending, links).map((link, index) => (
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

/** The brand's address for help comes first if the person must ask, and last if the app is at fault. */
function useWithHelp(ending: Ending, links: readonly PageLink[]): readonly PageLink[] {
  const { brand } = useContext(SiteContext);
  const { askForHelp } = useTexts().links;
  const support = brand.links.find(({ to }) => to === 'support');
  if (support === undefined || (ending !== 'ask' && ending !== 'ours')) return links;
  const help = { href: support.href, text: askForHelp };
  return ending === 'ask' ? [help, ...links] : [...links, help];
}

function SignedInAs(reader: Reader) {
  const { frame } = useTexts();
  return <p class="soft">{frame.signedInAsUser(<PersonName {...reader} />)}</p>;
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
  /**
   * True takes the fragment of this page's address along. Only for an address of this app, and with a
   * Content-Security-Policy that allows the script.
   */
  readonly keepsFragment?: boolean;
}

/**
 * A page that at once opens another page. This navigation starts on our site: the browser sends our `SameSite=Strict`
 * cookies, which it does not after a redirect that another site started. `form-action` does not apply to it either.
 * The class `wait` shows the page only after a moment, so that it does not flash before a quick page.
 */
export function ContinuePage({ title, goTo, text, keepsFragment = false }: ContinuePageProps) {
  return (
    <Layout title={title} goingOn={<GoingOn goTo={goTo} keepsFragment={keepsFragment} />}>
      <div class="card narrow wait">
        <Picture ending="going" />
        <h1>{title}</h1>
        <p class="soft">{text}</p>
        <div class="actions">
          <a class="button" href={goTo}>
            {useTexts().links.continue}
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
  // A refresh beside the script would need a delay, and could change the page while a person uses it (WCAG 2.2.1). When
  // the script does not load, the person uses the button.
  return (
    <>
      <noscript>{refresh}</noscript>
      <script defer src={`${authPath}/continue.js`} data-go-to={goTo} />
    </>
  );
}

interface PictureProps {
  readonly ending: Ending;
  /** The line above the title: whose turn it is. A page without such a line says it in its text. */
  readonly label?: string | undefined;
}

/**
 * The picture of a page with one message, and the line above its title. The picture says nothing that the text does not say, so
 * screen readers skip it. It belongs to no brand: its colour is the accent, or the colour of the tone. It moves once, and not for
 * people who want no motion.
 */
function Picture({ ending, label }: PictureProps) {
  return (
    <>
      <span class={`picture ${ending}`}>
        <svg viewBox="0 0 48 48" width="32" height="32" aria-hidden="true" focusable="false">
          {drawings[ending]}
        </svg>
      </span>
      {label === undefined ? null : <p class={`label ${ending}`}>{label}</p>}
    </>
  );
}

/** `move`: the part that moves. */
const drawings: Readonly<Record<Ending, ComponentChildren>> = {
  // A clock.
  passing: (
    <>
      <circle cx="24" cy="24" r="19" />
      <path d="M24 24l7 5" />
      <path class="move" d="M24 24V12" />
    </>
  ),
  // Two people talk.
  ask: (
    <>
      <path d="M6 7h22a3 3 0 0 1 3 3v12a3 3 0 0 1-3 3H16l-7 6v-6H6a3 3 0 0 1-3-3V10a3 3 0 0 1 3-3z" />
      <path class="move" d="M38 17h4a3 3 0 0 1 3 3v12a3 3 0 0 1-3 3h-3v7l-7-7H22a3 3 0 0 1-3-3" />
    </>
  ),
  // An arrow that turns back.
  cancelled: <path class="move" d="M16 9L6 19l10 10M6 19h24a11 11 0 0 1 0 22h-8" />,
  ours: (
    <>
      <path d="M21 7.5a3.5 3.5 0 0 1 6 0l17 29a3.5 3.5 0 0 1-3 5.5H7a3.5 3.5 0 0 1-3-5.5z" />
      <path class="move" d="M24 18v10M24 34v.5" />
    </>
  ),
  // An arrow into a room.
  yours: (
    <>
      <path d="M27 6h11a4 4 0 0 1 4 4v28a4 4 0 0 1-4 4H27" />
      <path class="move" d="M6 24h23M20 14l10 10-10 10" />
    </>
  ),
  // A lock.
  refused: (
    <>
      <rect x="9" y="21" width="30" height="22" rx="4" />
      <path class="move" d="M15 21v-6a9 9 0 0 1 18 0v6" />
      <path d="M24 30v4" />
    </>
  ),
  // A lens over nothing.
  lost: (
    <g class="move">
      <circle cx="21" cy="21" r="15" />
      <path d="M32 32l12 12M15 21h12" />
    </g>
  ),
  done: (
    <>
      <circle cx="24" cy="24" r="19" />
      <path class="move" d="M15 25l6 6 12-13" />
    </>
  ),
  partly: (
    <>
      <circle cx="24" cy="24" r="19" />
      <path d="M24 24l7 5" />
      <path class="move" d="M24 24V12" />
    </>
  ),
  // A person.
  here: (
    <>
      <circle cx="24" cy="15" r="9" />
      <path class="move" d="M6 43c2-10 9-14 18-14s16 4 18 14" />
    </>
  ),
  // A ring that turns.
  going: (
    <>
      <circle class="track" cx="24" cy="24" r="19" />
      <path class="move" d="M24 5a19 19 0 0 1 19 19" />
    </>
  ),
};
