import type { ComponentChildren } from 'preact';
import { initialsOf } from '../../src/pages/layout';
import { Alarm, page } from './page-frame';
import type { SeededUser } from './users';

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
export function consentPage(options: {
  readonly user: SeededUser;
  readonly app: string;
  readonly scopes: readonly string[];
}): string {
  const { user, app, scopes } = options;
  return page({
    title: 'Permissions requested',
    children: (
      <>
        <p>
          <strong>{app}</strong> would like to act for <strong>{user.name}</strong> ({user.username}
          ) with:
        </p>
        <ScopeList scopes={scopes} />
        <form method="post" class="answers">
          <button class="primary" name="consent" value="accept">
            Accept
          </button>
          <button name="consent" value="decline">
            Cancel
          </button>
        </form>
      </>
    ),
  });
}

/** Says that only an administrator can agree to one of `scopes`. */
export function needApprovalPage(options: {
  readonly user: SeededUser;
  readonly app: string;
  readonly scopes: readonly string[];
}): string {
  const { user, app, scopes } = options;
  return page({
    title: 'Need admin approval',
    children: (
      <>
        <p>
          <strong>{app}</strong> asks {user.name} for permissions that only an administrator can
          grant. Ask an administrator to grant them to this app before you can use it.
        </p>
        <ScopeList scopes={scopes} />
        <form method="post" class="answers">
          <button name="consent" value="decline">
            Return to the application without granting consent
          </button>
        </form>
      </>
    ),
  });
}

function ScopeList({ scopes }: { readonly scopes: readonly string[] }) {
  return (
    <ul class="scopes">
      {scopes.map((scope) => (
        <li key={scope}>
          <code>{scope}</code> {Object.hasOwn(scopeTexts, scope) ? scopeTexts[scope] : null}
        </li>
      ))}
    </ul>
  );
}

/** Asks an administrator to agree for everybody. */
export function adminConsentPage(options: {
  readonly app: string;
  readonly scopes: readonly string[];
}): string {
  const { app, scopes } = options;
  return page({
    title: 'Permissions requested for your organisation',
    children: (
      <>
        <p>
          <strong>{app}</strong> would like to act for everybody in this organisation with:
        </p>
        <ScopeList scopes={scopes} />
        <form method="post" class="answers">
          <button class="primary" name="consent" value="accept">
            Accept for everybody
          </button>
          <button name="consent" value="decline">
            Cancel
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
