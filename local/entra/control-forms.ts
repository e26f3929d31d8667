import type { ControlForm } from '../loopback/answer-control';
import type { AccessPolicies } from './create-control-panel';
import type { Directory } from './directory';
import type { EntraFaults } from './faults';

interface FormParts {
  readonly faults: EntraFaults;
  readonly directory: Directory;
  readonly accessPolicies: AccessPolicies;
}

/** What the forms of the control page do. Each gives a sentence when it cannot be done. */
export function controlForms(parts: FormParts): Readonly<Record<string, ControlForm>> {
  const { faults, directory, accessPolicies } = parts;
  return {
    account: (form) => changeAccount(directory, form),
    'add-account': (form) => addAccount(directory, form),
    'add-policy': (form) => addPolicy(accessPolicies, form),
    'clear-policies': () => {
      accessPolicies.reset();
      return undefined;
    },
    tokens: (form) => setTokens(faults, form),
  };
}

function changeAccount(directory: Directory, form: URLSearchParams): string | undefined {
  const objectId = textOf(form, 'user');
  const change = {
    roles: wordsOf(form, 'roles'),
    consented: form.has('consented'),
    disabled: form.has('disabled'),
  };
  const isKnown = directory.find(objectId) !== undefined;
  return isKnown && directory.change(objectId, change) ? undefined : 'There is no such account.';
}

function addAccount(directory: Directory, form: URLSearchParams): string | undefined {
  const username = textOf(form, 'username');
  if (directory.findByHint(username) !== undefined) return 'That user name is taken.';
  const name = textOf(form, 'name').slice(0, 120);
  const change = { ...(name === '' ? {} : { name }), roles: wordsOf(form, 'roles') };
  return directory.change(username, change)
    ? undefined
    : 'An account needs a name, and a user name such as kim@anteroom.example.';
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

function setTokens(faults: EntraFaults, form: URLSearchParams): string | undefined {
  const accepted = [
    faults.accessTokenSeconds.offer(numberOf(form, 'accessTokenSeconds') ?? NaN),
    faults.tokenError.offer(numberOf(form, 'tokenError')),
    faults.tokenOutage.offer(textOf(form, 'tokenOutage')),
    faults.tokenDelayMs.offer(numberOf(form, 'tokenDelayMs') ?? 0),
    faults.tokenTimes.offer(numberOf(form, 'tokenTimes')),
  ];
  return accepted.includes(false) ? 'Times are whole numbers.' : undefined;
}

function textOf(form: URLSearchParams, name: string): string {
  return (form.get(name) ?? '').trim();
}

function wordsOf(form: URLSearchParams, name: string): string[] {
  return textOf(form, name)
    .split(/[\s,]+/)
    .filter((word) => word !== '');
}

/** null for an empty field. */
function numberOf(form: URLSearchParams, name: string): number | null {
  const text = textOf(form, name);
  return text === '' ? null : Number(text);
}
