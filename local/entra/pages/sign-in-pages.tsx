import { initialsOf } from '../../../src/pages/initials';
import type { SeededUser } from '../seeded-user';
import { Alarm } from './notice-pages';
import { page } from './page';

/** The account picker. `hinted` is offered first; `refusal` tells why the last choice failed. */
export function accountPickerPage(options: {
  readonly users: readonly SeededUser[];
  readonly app: string;
  /** Azure AD B2C has a link for who forgot the password. */
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
        <form method="post">
          <ul class="accounts">
            {ordered.map((user) => (
              <li key={user.objectId}>
                <Account user={user} isHinted={user === hinted} />
              </li>
            ))}
          </ul>
          <p class="answers">
            {hasPasswordReset ? (
              <button name="leave" value="password">
                Forgot your password?
              </button>
            ) : null}
            <button name="leave" value="cancel">
              Cancel
            </button>
          </p>
        </form>
      </>
    ),
  });
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

/** What the scopes that this repository asks for mean, worded as on Microsoft's consent page. */
const scopeTexts: Readonly<Record<string, string>> = {
  'User.Read': 'Sign you in and read your profile',
  'User.ReadBasic.All': 'Read all users’ basic profiles',
  'GroupMember.Read.All': 'Read group memberships',
  'Calendars.Read': 'Read your calendars',
  'Mail.Read': 'Read your mail',
  'Mail.Send': 'Send mail as you',
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
        <ul class="scopes">
          {scopes.map((scope) => (
            <li key={scope}>
              <code>{scope}</code> {Object.hasOwn(scopeTexts, scope) ? scopeTexts[scope] : null}
            </li>
          ))}
        </ul>
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
