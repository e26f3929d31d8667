import type { ControlForm } from '../loopback/answer-control';
import { numberOf, offerAll, textOf } from '../loopback/control';
import type { AccessPolicies } from './create-control-panel';
import { isUserName, mostAccounts, type Directory } from './directory';
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
    refusals: (form) => setRefusals(faults, form),
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
  const name = textOf(form, 'name');
  if (name === '' || name.length > 120) return 'An account needs a name of at most 120 characters.';
  if (!isUserName(username)) {
    return 'A user name is such as kim@anteroom.example, without spaces, with at most 60 characters before the @ and 60 after it.';
  }
  return directory.change(username, { name, roles: wordsOf(form, 'roles') })
    ? undefined
    : `There are ${mostAccounts} accounts, and there can be no more. Resetting removes those that were added.`;
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
  return offerAll([
    { control: faults.accessTokenSeconds, value: numberOf(form, 'accessTokenSeconds') ?? NaN },
    { control: faults.tokenError, value: codeOf(form, 'tokenError') },
    { control: faults.tokenOutage, value: textOf(form, 'tokenOutage') },
    { control: faults.tokenDelayMs, value: numberOf(form, 'tokenDelayMs') ?? 0 },
    { control: faults.tokenTimes, value: numberOf(form, 'tokenTimes') },
  ]);
}

function setRefusals(faults: EntraFaults, form: URLSearchParams): string | undefined {
  return offerAll([
    { control: faults.signInError, value: codeOf(form, 'signInError') },
    { control: faults.signInTimes, value: numberOf(form, 'signInTimes') },
    { control: faults.errorLayout, value: textOf(form, 'errorLayout') },
    { control: faults.errorUri, value: textOf(form, 'errorUri') },
    { control: faults.policyClaims, value: form.has('policyClaims') },
  ]);
}

function wordsOf(form: URLSearchParams, name: string): string[] {
  return textOf(form, name)
    .split(/[\s,]+/)
    .filter((word) => word !== '');
}

/** A number, or a code of Azure AD B2C; null for an empty field. */
function codeOf(form: URLSearchParams, name: string): number | string | null {
  const text = textOf(form, name);
  if (text === '') return null;
  return /^\d+$/.test(text) ? Number(text) : text;
}
