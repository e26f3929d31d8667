import type { ComponentChildren } from 'preact';
import { initialsOf } from '../../src/pages/layout';
import { createPageFrame } from '../loopback/control-page';
import type { SeededUser } from './registrations';

/** The account picker. `hinted` comes first. `refusal` says why the last choice failed. */
export function accountPickerPage(options: {
  readonly users: readonly SeededUser[];
  readonly app: string;
  /** Shows the link of Azure AD B2C for a forgotten password. */
  readonly hasPasswordReset: boolean;
  readonly hinted?: SeededUser | undefined;
  readonly refusal?: string;
}): string {
  const { users, app, hasPasswordReset, hinted, refusal } = options;
  const ordered = hinted === undefined ? users : [hinted, ...users.filter((u) => u !== hinted)];
  return page({
    title: 'Pick an account',
    children: (
      <>
        <p>
          to go on to <strong>{app}</strong>. Every account here is made up.
        </p>
        {refusal === undefined ? null : <Alarm text={refusal} />}
        <AccountForm users={ordered} hinted={hinted}>
          {hasPasswordReset ? (
            <button name="leave" value="password">
              Forgot your password?
            </button>
          ) : null}
        </AccountForm>
      </>
    ),
  });
}

function AccountForm(props: {
  readonly users: readonly SeededUser[];
  readonly hinted?: SeededUser | undefined;
  readonly children?: ComponentChildren;
}) {
  const { users, hinted, children } = props;
  return (
    <form method="post">
      <ul class="accounts">
        {users.map((user) => (
          <li key={user.objectId}>
            <Account user={user} isHinted={user === hinted} />
          </li>
        ))}
      </ul>
      <p class="answers">
        {children}
        <button name="leave" value="cancel">
          Cancel
        </button>
      </p>
    </form>
  );
}

function Account({ user, isHinted }: { readonly user: SeededUser; readonly isHinted: boolean }) {
  const { objectId, name, username, note } = user;
  // A note is `what this account is: what it is there to show`.
  const [kind = note, purpose] = note.split(/: (.*)/s);
  return (
    <button class="account" name="user" value={objectId}>
      <span class="face" aria-hidden="true">
        {initialsOf(name)}
      </span>
      <span>
        <strong>{name}</strong> <span class="tag">{kind}</span>{' '}
        {isHinted ? <span class="tag">Asked for by the app</span> : null} <small>{username}</small>{' '}
        <small>{purpose}</small>
      </span>
    </button>
  );
}

/** Azure AD B2C: asks whose password is to be new. Nobody has one here. */
export function resetPasswordPage(options: {
  readonly users: readonly SeededUser[];
  readonly app: string;
}): string {
  return page({
    title: 'Reset your password',
    children: (
      <>
        <p>
          for <strong>{options.app}</strong>. Choose the account. There is no password to type.
        </p>
        <AccountForm users={options.users} />
      </>
    ),
  });
}

/** Azure AD B2C: changes the name of the person. */
export function editProfilePage(options: {
  readonly user: SeededUser;
  readonly app: string;
}): string {
  const { user, app } = options;
  return page({
    title: 'Update your profile',
    children: (
      <form method="post">
        <p>
          <strong>{app}</strong> shows this name.
        </p>
        <p>
          <label>
            Display name <input name="name" value={user.name} maxLength={120} required />
          </label>
        </p>
        <p class="answers">
          <button class="primary">Continue</button>
          <button name="leave" value="cancel" formNoValidate>
            Cancel
          </button>
        </p>
      </form>
    ),
  });
}

/** The texts of Microsoft's consent page for the scopes that this repository uses. */
const scopeTexts: Readonly<Record<string, string>> = {
  'User.Read': 'Sign you in and read your profile',
  'User.ReadBasic.All': 'Read all users’ basic profiles',
  'GroupMember.Read.All': 'Read group memberships',
  'Calendars.Read': 'Read your calendars',
  'Mail.Read': 'Read your mail',
  'Mail.Send': 'Send mail as you',
  'api://orders/Orders.Read': 'Read your orders',
  'api://orders/Orders.Write': 'Place, change and delete orders',
};

/** Asks the person to agree to `scopes`. */
export function consentPage(options: AskedOf): string {
  const { user, app, scopes } = options;
  return scopesPage({
    title: 'Permissions requested',
    scopes,
    intro: (
      <>
        <strong>{app}</strong> would like to act for <strong>{user.name}</strong> ({user.username})
        with:
      </>
    ),
    accept: 'Accept',
  });
}

/** Says that only an administrator can agree to one of `scopes`. */
export function needApprovalPage(options: AskedOf): string {
  const { user, app, scopes } = options;
  return scopesPage({
    title: 'Need admin approval',
    scopes,
    intro: (
      <>
        <strong>{app}</strong> asks {user.name} for permissions that only an administrator can
        grant. Ask an administrator to grant them to this app before you can use it.
      </>
    ),
    decline: 'Return to the application without granting consent',
  });
}

/** Asks an administrator to agree for everybody. */
export function adminConsentPage({ app, scopes }: Omit<AskedOf, 'user'>): string {
  return scopesPage({
    title: 'Permissions requested for your organisation',
    scopes,
    intro: (
      <>
        <strong>{app}</strong> would like to act for everybody in this organisation with:
      </>
    ),
    accept: 'Accept for everybody',
  });
}

interface AskedOf {
  readonly user: SeededUser;
  readonly app: string;
  readonly scopes: readonly string[];
}

function scopesPage(options: {
  readonly title: string;
  readonly intro: ComponentChildren;
  readonly scopes: readonly string[];
  /** Texts of the buttons. Without the first, nobody can agree here. */
  readonly accept?: string;
  readonly decline?: string;
}): string {
  const { title, intro, scopes, accept, decline = 'Cancel' } = options;
  return page({
    title,
    children: (
      <>
        <p>{intro}</p>
        <ul class="scopes">
          {scopes.map((scope) => (
            <li key={scope}>
              <code>{scope}</code> {Object.hasOwn(scopeTexts, scope) ? scopeTexts[scope] : null}
            </li>
          ))}
        </ul>
        <form method="post" class="answers">
          {accept === undefined ? null : (
            <button class="primary" name="consent" value="accept">
              {accept}
            </button>
          )}
          <button name="consent" value="decline">
            {decline}
          </button>
        </form>
      </>
    ),
  });
}

/**
 * Tells the apps by frames (front-channel logout), then goes to `next` if there is one. A refresh begins when the page and
 * its frames have loaded, so it needs no longer delay.
 */
export function signedOutPage(options: {
  readonly frames: readonly string[];
  readonly next?: string;
}): string {
  const { frames, next } = options;
  return page({
    title: 'You signed out of your account',
    ...(next === undefined ? {} : { next }),
    children: (
      <>
        <p>It is a good idea to close all browser windows.</p>
        {frames.map((frame) => (
          <iframe key={frame} src={frame} title="Signing out of the app" />
        ))}
        {next === undefined ? null : (
          <p class="answers">
            <a class="button primary" href={next}>
              Go on
            </a>
          </p>
        )}
      </>
    ),
  });
}

/** Asks the person to confirm who they are. Microsoft Entra ID would ask for a second factor here. */
export function confirmPage(options: { readonly user: SeededUser; readonly app: string }): string {
  return page({
    title: 'Confirm that it is you',
    children: (
      <>
        <p>
          {options.app} asks for more proof than the sign-in of {options.user.name} (
          {options.user.username}) gave. Microsoft Entra ID would ask for a second factor now.
        </p>
        <form method="post" class="answers">
          <button class="primary" name="confirm" value="yes">
            It is me
          </button>
          <button name="confirm" value="no">
            Cancel
          </button>
        </form>
      </>
    ),
  });
}

/** What went wrong, with the AADSTS number. */
export function errorPage(text: string): string {
  return page({
    title: 'Sorry, but we are having trouble signing you in',
    children: <Alarm text={text} />,
  });
}

/** An error text of Microsoft Entra ID. The part that only its support can use is shown apart. */
function Alarm({ text }: { readonly text: string }) {
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
function page({ title, children, next }: PageOptions): string {
  return frame.page(
    `${title} · local stand-in for Microsoft Entra ID`,
    <>
      <header class="mark">
        <strong>Local stand-in for Microsoft Entra ID</strong> — no password, no network
      </header>
      <main>
        <h1>{title}</h1>
        {children}
      </main>
    </>,
    next,
  );
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

const frame = createPageFrame(style);

/** Headers of a page. A form may lead to the origins of the app's registered addresses, and frames may show them. */
export const pageHeaders = frame.headers;
