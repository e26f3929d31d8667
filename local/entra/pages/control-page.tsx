import type { AccessPolicies } from '../create-control-panel';
import type { Directory } from '../directory';
import { entraErrors } from '../entra-errors';
import type { EntraFaults } from '../faults';
import { outages } from '../../loopback/outage';
import type { SeededUser } from '../seeded-user';
import { page } from './page';

/** What a person can change while the stand-in runs: accounts, conditional access, the token endpoint. */
export function entraControlPage(parts: {
  readonly directory: Directory;
  readonly accessPolicies: AccessPolicies;
  readonly faults: EntraFaults;
  /** Why the last form was not taken. */
  readonly fault?: string;
}) {
  const { directory, accessPolicies, faults, fault } = parts;
  const users = directory.list();
  return page({
    title: 'Control',
    children: (
      <>
        {fault === undefined ? null : (
          <p class="alarm" role="alert">
            {fault}
          </p>
        )}
        <p>What you change here counts from the next sign-in or refresh on.</p>
        <h2>Accounts</h2>
        {users.map((user) => (
          <AccountForm key={user.objectId} user={user} />
        ))}
        <AddAccountForm />
        <h2>Conditional access</h2>
        <PolicyForms users={users} accessPolicies={accessPolicies} />
        <h2>Token endpoint</h2>
        <TokenForm faults={faults} />
        <h2>All</h2>
        <form method="post" action="/control/rotate-keys">
          <button>Sign with a new key</button>
        </form>
        <form method="post" action="/control/reset">
          <button>Take every change back</button>
        </form>
        <p>
          Tests use the same address with JSON: <code>GET</code> tells the state, <code>POST</code>{' '}
          changes it.
        </p>
      </>
    ),
  });
}

function AccountForm({ user }: { readonly user: SeededUser }) {
  return (
    <form method="post" action="/control/account">
      <fieldset>
        <legend>
          {user.name} ({user.username})
        </legend>
        <input type="hidden" name="user" value={user.objectId} />
        <p>
          <label>
            App roles <input name="roles" value={user.roles.join(' ')} autocomplete="off" />
          </label>
        </p>
        <p>
          <label>
            <input type="checkbox" name="consented" checked={user.consented} /> has consented
          </label>{' '}
          <label>
            <input type="checkbox" name="disabled" checked={user.disabled} /> is disabled
          </label>
        </p>
        <button aria-label={`Save ${user.name}`}>Save</button>
      </fieldset>
    </form>
  );
}

function AddAccountForm() {
  return (
    <form method="post" action="/control/add-account">
      <fieldset>
        <legend>Another account</legend>
        <p>
          <label>
            Name <input name="name" required autocomplete="off" />
          </label>
        </p>
        <p>
          <label>
            User name <input name="username" type="email" required autocomplete="off" />
          </label>
        </p>
        <p>
          <label>
            App roles <input name="roles" autocomplete="off" />
          </label>
        </p>
        <button>Add the account</button>
      </fieldset>
    </form>
  );
}

function PolicyForms({
  users,
  accessPolicies,
}: {
  readonly users: readonly SeededUser[];
  readonly accessPolicies: AccessPolicies;
}) {
  const nameOf = (key: string | undefined) =>
    users.find(({ objectId, username }) => key === objectId || key === username)?.name ?? key;
  return (
    <>
      <ul>
        {accessPolicies.value.map(({ user, scope, acrs }) => (
          <li key={`${user ?? ''} ${scope ?? ''} ${acrs}`}>
            {nameOf(user) ?? 'Everybody'} must confirm ({acrs}) for {scope ?? 'any scope'}
          </li>
        ))}
      </ul>
      <form method="post" action="/control/add-policy">
        <fieldset>
          <legend>Demand a confirmation</legend>
          <p>
            <label>
              Of{' '}
              <select name="user">
                <option value="">everybody</option>
                {users.map(({ objectId, name }) => (
                  <option key={objectId} value={objectId}>
                    {name}
                  </option>
                ))}
              </select>
            </label>
          </p>
          <p>
            <label>
              For the scope <input name="scope" placeholder="any" autocomplete="off" />
            </label>
          </p>
          <p>
            <label>
              Authentication context <input name="acrs" value="c1" required autocomplete="off" />
            </label>
          </p>
          <button>Demand it</button>
        </fieldset>
      </form>
      <form method="post" action="/control/clear-policies">
        <button>Demand nothing</button>
      </form>
    </>
  );
}

function TokenForm({ faults }: { readonly faults: EntraFaults }) {
  return (
    <form method="post" action="/control/tokens">
      <fieldset>
        <legend>Answers</legend>
        <p>
          <label>
            Access tokens live, in seconds{' '}
            <input name="accessTokenSeconds" value={faults.accessTokenSeconds.value} />
          </label>
        </p>
        <p>
          <label>
            Refuse with{' '}
            <select name="tokenError">
              <option value="">nothing</option>
              {Object.entries(entraErrors).map(([number, { error }]) => (
                <option
                  key={number}
                  value={number}
                  selected={faults.tokenError.value === Number(number)}
                >
                  AADSTS{number} {error}
                </option>
              ))}
            </select>
          </label>
        </p>
        <p>
          <label>
            Be down{' '}
            <select name="tokenOutage">
              {outages.map((outage) => (
                <option key={outage} selected={faults.tokenOutage.value === outage}>
                  {outage}
                </option>
              ))}
            </select>
          </label>
        </p>
        <p>
          <label>
            Be late, in milliseconds <input name="tokenDelayMs" value={faults.tokenDelayMs.value} />
          </label>
        </p>
        <p>
          <label>
            How many requests of these{' '}
            <input name="tokenTimes" value={faults.tokenTimes.value ?? ''} placeholder="all" />
          </label>
        </p>
        <button>Set</button>
      </fieldset>
    </form>
  );
}
