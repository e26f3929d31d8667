import type { SeededUser } from '../seeded-user';
import { page } from './page';

/** The account picker. `hinted` is offered first; `refusal` tells why the last choice failed. */
export function accountPickerPage(options: {
  readonly users: readonly SeededUser[];
  readonly app: string;
  readonly hinted?: SeededUser | undefined;
  readonly refusal?: string;
}): string {
  const { users, app, hinted, refusal } = options;
  const ordered = hinted === undefined ? users : [hinted, ...users.filter((u) => u !== hinted)];
  return page({
    title: 'Pick an account',
    children: (
      <>
        {refusal === undefined ? null : (
          <p class="alarm" role="alert">
            {refusal}
          </p>
        )}
        <p>to go on to {app}. Every account here is made up.</p>
        <form method="post">
          <ul>
            {ordered.map((user) => (
              <li key={user.objectId}>
                <button class="account" name="user" value={user.objectId}>
                  <strong>{user.name}</strong>
                  <span>{user.username}</span>
                  <span>{user.note}</span>
                </button>
              </li>
            ))}
          </ul>
        </form>
      </>
    ),
  });
}

/** Asks the person to agree to `scopes`. */
export function consentPage(options: {
  readonly user: SeededUser;
  readonly app: string;
  readonly scopes: readonly string[];
}): string {
  return page({
    title: 'Permissions requested',
    children: (
      <>
        <p>
          {options.app} would like to act for {options.user.name} ({options.user.username}) with:
        </p>
        <ul class="scopes">
          {options.scopes.map((scope) => (
            <li key={scope}>{scope}</li>
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
