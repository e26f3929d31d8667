import { useContext } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import type { User } from '../sessions/session';
import { Door, type DoorState, Layout, SignOutButton, SiteContext } from './layout';

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
