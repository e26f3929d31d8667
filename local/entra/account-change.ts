import { isBoolean, isRecord, isString } from '../loopback/control';

/** What can be changed about an account while the stand-in runs. */
export interface AccountChange {
  /** Of an account that is not there: it is added, and the key is its user name. */
  readonly name?: string;
  readonly roles?: readonly string[];
  readonly disabled?: boolean;
  readonly consented?: boolean;
}

/** What `isAccountChanges` accepts. */
export const accountChangesInWords =
  '{ <object id or user name>: { name?: 1 to 120 characters, roles?: a list of texts, disabled?: true or false, consented?: true or false } }';

/** Reads `{ "<object id or user name>": { name?, roles?, disabled?, consented? } }`. */
export function isAccountChanges(input: unknown): input is Readonly<Record<string, AccountChange>> {
  return isRecord(input) && Object.values(input).every(isAccountChange);
}

function isAccountChange(input: unknown): input is AccountChange {
  return (
    isRecord(input) &&
    Object.entries(input).every(([member, value]) => {
      switch (member) {
        case 'name':
          return isString(value) && value.trim() !== '' && value.length <= 120;
        case 'roles':
          return Array.isArray(value) && value.every(isString);
        case 'disabled':
        case 'consented':
          return isBoolean(value);
        default:
          return false;
      }
    })
  );
}
