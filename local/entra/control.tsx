import {
  type Control,
  type ControlForm,
  type ControlPanel,
  numberOf,
  textOf,
} from '../loopback/control';
import {
  CheckField,
  ChoiceField,
  controlPage,
  controlPageHeaders,
  FaultFields,
  FieldsForm,
  takeFaultForms,
  TextField,
} from '../loopback/control-page';
import { type Directory, isAccountChanges, isUserName, maxAccounts } from './accounts';
import type { BearerTokens } from './access-tokens';
import { type EntraFaults, faultForms } from './faults';
import type { AccessPolicies } from './scopes';
import type { EntraShape } from './tenants';
import type { SigningKeys } from './signing-keys';
import type { SeededUser } from './registrations';

/** What `/control` of the stand-in offers: every fault, the accounts, `reset` and `rotate-keys`. */
export function createControlPanel(standIn: {
  readonly faults: EntraFaults;
  readonly directory: Directory;
  readonly accessPolicies: AccessPolicies;
  readonly keys: SigningKeys;
  readonly bearerTokens: BearerTokens;
  readonly shape: EntraShape;
}): ControlPanel {
  const { faults, directory, accessPolicies, keys, bearerTokens } = standIn;
  const controls = { ...faults, accessPolicies, users: createUsersControl(directory) };
  return {
    controls,
    actions: {
      reset() {
        for (const control of Object.values(controls)) control.reset();
      },
      'rotate-keys': () => keys.rotate(),
      'retire-keys': () => {
        keys.retire();
      },
    },
    forms: controlForms(standIn),
    questions: { 'bearer-token': (input) => bearerTokens.issue(input) },
    page: (fault) => entraControlPage({ ...standIn, ...(fault === undefined ? {} : { fault }) }),
    pageHeaders: controlPageHeaders,
  };
}

/** Names, roles, `disabled` and `consented`, by object id or user name. Only the members that are given change. */
function createUsersControl(directory: Directory): Control<unknown> {
  return {
    takes: `${accountChangesInWords}; ${userNameInWords}; at most ${maxAccounts} accounts`,
    get value() {
      return Object.fromEntries(
        directory.list().map(({ objectId, name, roles, disabled, consented, ...user }) => {
          const { groups = [], groupCount = 0 } = user;
          return [objectId, { name, roles, disabled, consented, groups, groupCount }];
        }),
      );
    },
    offer(input) {
      if (!isAccountChanges(input)) return false;
      return Object.entries(input).every(([key, change]) => directory.change(key, change));
    },
    remember: () => directory.remember(),
    reset() {
      directory.reset();
    },
  };
}

interface FormContext {
  readonly faults: EntraFaults;
  readonly directory: Directory;
  readonly accessPolicies: AccessPolicies;
  readonly bearerTokens: BearerTokens;
}

/** What the forms of the control page do. Each gives a sentence when it cannot be done. */
function controlForms(standIn: FormContext): Readonly<Record<string, ControlForm>> {
  const { faults, directory, accessPolicies, bearerTokens } = standIn;
  return {
    'bearer-token': (form) => bearerTokens.take(form),
    account: (form) => changeAccount(directory, form),
    'add-account': (form) => addAccount(directory, form),
    'add-policy': (form) => addPolicy(accessPolicies, form),
    'clear-policies': () => {
      accessPolicies.reset();
      return undefined;
    },
    ...takeFaultForms(faultForms, faults),
  };
}

function changeAccount(directory: Directory, form: URLSearchParams): string | undefined {
  const objectId = textOf(form, 'user');
  const change = {
    roles: wordsOf(form, 'roles'),
    consented: form.has('consented'),
    disabled: form.has('disabled'),
    groups: namesOf(form, 'groups'),
    groupCount: numberOf(form, 'groupCount') ?? 0,
  };
  if (!isAccountChanges({ [objectId]: change })) return `Possible are: ${accountChangesInWords}.`;
  const isKnown = directory.find(objectId) !== undefined;
  return isKnown && directory.change(objectId, change) ? undefined : 'There is no such account.';
}

function addAccount(directory: Directory, form: URLSearchParams): string | undefined {
  const username = textOf(form, 'username');
  if (directory.findByHint(username) !== undefined) return 'That user name is taken.';
  const name = textOf(form, 'name');
  if (name === '' || name.length > 120) return 'An account needs a name of at most 120 characters.';
  if (!isUserName(username)) {
    return 'A user name is such as kim@anteroom.example, without spaces, with at most 60 characters before the @ and 60 after it.';
  }
  return directory.change(username, { name, roles: wordsOf(form, 'roles') })
    ? undefined
    : `There are ${maxAccounts} accounts, and there can be no more. Resetting removes those that were added.`;
}

function addPolicy(accessPolicies: AccessPolicies, form: URLSearchParams): string | undefined {
  const [user, scope] = [textOf(form, 'user'), textOf(form, 'scope')];
  const policy = {
    ...(user === '' ? {} : { user }),
    ...(scope === '' ? {} : { scope }),
    acrs: textOf(form, 'acrs'),
  };
  return accessPolicies.offer([...accessPolicies.value, policy])
    ? undefined
    : 'An authentication context is c1 to c99.';
}

/** Names, which can have spaces, between commas. */
function namesOf(form: URLSearchParams, name: string): string[] {
  const names = textOf(form, name).split(',');
  return names.map((each) => each.trim()).filter((each) => each !== '');
}

function wordsOf(form: URLSearchParams, name: string): string[] {
  return textOf(form, name)
    .split(/[\s,]+/)
    .filter((word) => word !== '');
}

/** What a person can change while the stand-in runs: accounts, conditional access, the token endpoint. */
function entraControlPage(standIn: {
  readonly directory: Directory;
  readonly accessPolicies: AccessPolicies;
  readonly faults: EntraFaults;
  readonly bearerTokens: BearerTokens;
  readonly shape: EntraShape;
  readonly fault?: string;
}): string {
  const { directory, accessPolicies, faults, bearerTokens, shape, fault } = standIn;
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
        <h2>Settings, metadata, clock</h2>
        <div class="grid">
          <FaultFields action="provider" form={faultForms.provider} controls={faults} />
        </div>
        <h2>Calls without a browser</h2>
        <BearerTokenForm tokens={bearerTokens} users={users} />
        <h2>Tokens</h2>
        <div class="grid">
          <FaultFields action="tokens" form={faultForms.tokens} controls={faults} />
          <FaultFields action="refusals" form={faultForms.refusals} controls={faults} />
          <FaultFields action="groups" form={faultForms.groups} controls={faults} />
          {shape === 'b2c' ? (
            <FaultFields action="b2c" form={faultForms.b2c} controls={faults} />
          ) : null}
          <FieldsForm action="rotate-keys" legend="Keys" button="Sign with a new key" />
        </div>
      </>
    ),
  });
}

function AccountForm({ user }: { readonly user: SeededUser }) {
  return (
    <FieldsForm action="account" legend={user.name} button={`Save ${user.name}`}>
      <p class="quiet">
        {user.username}
        {user.home === undefined ? '' : ', a guest'}
      </p>
      <input type="hidden" name="user" value={user.objectId} />
      <TextField label="App roles" name="roles" value={user.roles.join(' ')} />
      <TextField label="Groups, with commas" name="groups" value={(user.groups ?? []).join(', ')} />
      <TextField label="Further groups" name="groupCount" value={user.groupCount ?? 0} />
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

/** The form of the control page, and the token that it issued last. */
function BearerTokenForm(props: {
  readonly tokens: BearerTokens;
  readonly users: readonly SeededUser[];
}) {
  const { tokens, users } = props;
  return (
    <>
      <div class="grid">
        <FieldsForm action="bearer-token" legend="A bearer token" button="Issue a token">
          <ChoiceField
            label="For"
            name="user"
            options={[
              ['', 'an app, without a person'],
              ...users.map(({ objectId, name }) => [objectId, name] as const),
            ]}
          />
          <ChoiceField
            label="Of the API"
            name="api"
            options={tokens.apis.map((uri) => [uri, uri] as const)}
          />
          <TextField label="Scopes of a person" name="scopes" placeholder="all" />
          <TextField label="Roles" name="roles" placeholder="as granted" />
          <ChoiceField
            label="Version of the token"
            name="version"
            options={[
              ['2', '2'],
              ['1', '1'],
            ]}
          />
        </FieldsForm>
      </div>
      {tokens.last === undefined ? null : (
        <p class="after">
          Send it as <code>Authorization: Bearer …</code>
          <br />
          <code>{tokens.last.access_token}</code>
        </p>
      )}
    </>
  );
}

/** What a user name must be for an account to be added. */
const userNameInWords =
  'a user name nobody has is added, if there is a name: such as kim@anteroom.example, without spaces, at most 60 characters before the @ and 60 after it';

/** What `isAccountChanges` accepts. */
const accountChangesInWords =
  '{ <object id or user name>: { name?: 1 to 120 characters, roles?: a list of texts, disabled?: true or false, consented?: true or false, groups?: a list of names, groupCount?: how many further groups, at most 12000 } }';
