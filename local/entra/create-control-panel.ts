import type { ControlPanel } from '../loopback/answer-control';
import type { Control } from '../loopback/control';
import { isAccountChanges } from './directory';
import type { AccountChange, Directory } from './directory';
import type { EntraFaults } from './faults';
import type { SigningKeys } from './signing-keys';

/** What `/control` of the stand-in offers: every fault, the accounts, `reset` and `rotate-keys`. */
export function createControlPanel(
  faults: EntraFaults,
  directory: Directory,
  keys: SigningKeys,
): ControlPanel {
  const controls = { ...faults, users: createUsersControl(directory) };
  return {
    controls,
    actions: {
      reset() {
        for (const control of Object.values(controls)) control.reset();
      },
      'rotate-keys': () => keys.rotate(),
    },
  };
}

/** Roles, `disabled` and `consented`, by object id or user name; only what is named changes. */
function createUsersControl(directory: Directory): Control<unknown> {
  return {
    get value() {
      return Object.fromEntries(
        directory.list().map(({ objectId, roles, disabled, consented }) => {
          const account: AccountChange = { roles, disabled, consented };
          return [objectId, account];
        }),
      );
    },
    offer(input) {
      if (!isAccountChanges(input)) return false;
      return Object.entries(input).every(([key, change]) => directory.change(key, change));
    },
    reset() {
      directory.reset();
    },
  };
}
