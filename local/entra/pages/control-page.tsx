import { CheckField, ChoiceField, FieldsForm, TextField } from '../../loopback/control-fields';
import { controlPage } from '../../loopback/control-page';
import type { AccessPolicies } from '../create-control-panel';
import type { Directory } from '../directory';
import type { EntraFaults } from '../faults';
import type { SeededUser } from '../seeded-user';
import { TokenForms } from './token-forms';

/** What a person can change while the stand-in runs: accounts, conditional access, the token endpoint. */
export function entraControlPage(parts: {
  readonly directory: Directory;
  readonly accessPolicies: AccessPolicies;
  readonly faults: EntraFaults;
  readonly fault?: string;
}): string {
  const { directory, accessPolicies, faults, fault } = parts;
  const users = directory.list();
  return controlPage({
    of: 'Microsoft Entra ID',
    fault,
    children: (
      <>
        <p class="quiet">Your changes count from the next sign-in or refresh.</p>
        <h2>Accounts</h2>
        <div class="grid">
          {users.map((user) => (
            <AccountForm key={user.objectId} user={user} />
          ))}
          <AddAccountForm />
        </div>
        <h2>Conditional access</h2>
        <Policies users={users} accessPolicies={accessPolicies} />
        <h2>Tokens</h2>
        <TokenForms faults={faults} />
      </>
    ),
  });
}

function AccountForm({ user }: { readonly user: SeededUser }) {
  return (
    <FieldsForm action="account" legend={user.name} button={`Save ${user.name}`}>
      <p class="quiet">{user.username}</p>
      <input type="hidden" name="user" value={user.objectId} />
      <TextField label="App roles" name="roles" value={user.roles.join(' ')} />
      <CheckField label="has consented" name="consented" checked={user.consented} />
      <CheckField label="is disabled" name="disabled" checked={user.disabled} />
    </FieldsForm>
  );
}

function AddAccountForm() {
  return (
    <FieldsForm action="add-account" legend="Another account" button="Add the account">
      <TextField label="Name" name="name" required />
      <TextField label="User name" name="username" placeholder="kim@anteroom.example" required />
      <TextField label="App roles" name="roles" />
    </FieldsForm>
  );
}

function Policies(props: {
  readonly users: readonly SeededUser[];
  readonly accessPolicies: AccessPolicies;
}) {
  const { users, accessPolicies } = props;
  const nameOf = (key: string) =>
    users.find(({ objectId, username }) => key === objectId || key === username)?.name ?? key;
  return (
    <>
      {accessPolicies.value.length === 0 ? <p class="quiet">No confirmation is demanded.</p> : null}
      <ul>
        {accessPolicies.value.map(({ user, scope, acrs }, index) => (
          <li key={index}>
            {user === undefined ? 'Everybody' : nameOf(user)} must confirm who they are ({acrs}) for{' '}
            {scope ?? 'any scope'}
          </li>
        ))}
      </ul>
      <div class="grid">
        <FieldsForm action="add-policy" legend="Demand a confirmation" button="Demand it">
          <ChoiceField
            label="Of"
            name="user"
            options={[
              ['', 'everybody'],
              ...users.map(({ objectId, name }) => [objectId, name] as const),
            ]}
          />
          <TextField label="For the scope" name="scope" placeholder="any" />
          <TextField label="Authentication context" name="acrs" value="c1" required />
        </FieldsForm>
      </div>
      {accessPolicies.value.length === 0 ? null : (
        <form method="post" action="/control/clear-policies">
          <button>Demand nothing</button>
        </form>
      )}
    </>
  );
}
