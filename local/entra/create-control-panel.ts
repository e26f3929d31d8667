import type { ControlPanel } from '../loopback/answer-control';
import { createControl, type Control } from '../loopback/control';
import { accessPoliciesInWords, isAccessPolicies, type AccessPolicy } from './access-policies';
import { accountChangesInWords, isAccountChanges } from './account-change';
import { controlForms } from './control-forms';
import { mostAccounts, userNameInWords, type Directory } from './directory';
import type { EntraFaults } from './faults';
import { entraControlPage } from './pages/control-page';
import { controlPageHeaders } from '../loopback/control-page';
import type { SigningKeys } from './signing-keys';

/** Conditional access, as the control page sets it. */
export type AccessPolicies = Control<readonly AccessPolicy[]>;

export function createAccessPolicies(): AccessPolicies {
  return createControl<readonly AccessPolicy[]>([], isAccessPolicies, accessPoliciesInWords);
}

/** What `/control` of the stand-in offers: every fault, the accounts, `reset` and `rotate-keys`. */
export function createControlPanel(parts: {
  readonly faults: EntraFaults;
  readonly directory: Directory;
  readonly accessPolicies: AccessPolicies;
  readonly keys: SigningKeys;
}): ControlPanel {
  const { faults, directory, accessPolicies, keys } = parts;
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
    forms: controlForms(parts),
    page: (fault) => entraControlPage({ ...parts, ...(fault === undefined ? {} : { fault }) }),
    pageHeaders: controlPageHeaders,
  };
}

/** Names, roles, `disabled` and `consented`, by object id or user name; only what is named changes. */
function createUsersControl(directory: Directory): Control<unknown> {
  return {
    takes: `${accountChangesInWords}; ${userNameInWords}; at most ${mostAccounts} accounts`,
    get value() {
      return Object.fromEntries(
        directory.list().map(({ objectId, name, roles, disabled, consented }) => {
          return [objectId, { name, roles, disabled, consented }];
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
