import type { SeededUser } from './seeded-user';
import { isBoolean, isRecord } from '../loopback/control';

const consentedFromTheStart = ['openid', 'User.Read'];

/** What can be changed about an account while the stand-in runs. */
export interface AccountChange {
  readonly roles?: readonly string[];
  readonly disabled?: boolean;
  readonly consented?: boolean;
}

/** The accounts as they are now. */
export interface Directory {
  list(): readonly SeededUser[];
  /** By object id. */
  find(objectId: string | undefined): SeededUser | undefined;
  /** By user name or by the `login_hint` claim. */
  findByHint(hint: string): SeededUser | undefined;
  consent(objectId: string, scopes: readonly string[]): void;
  /** The Graph scopes of `scopes` that the person has not agreed to. */
  missingConsent(objectId: string, scopes: readonly string[]): string[];
  /** `key` is an object id or a user name; false when there is no such account. */
  change(key: string, change: AccountChange): boolean;
  reset(): void;
}

interface Account {
  user: SeededUser;
  scopes: Set<string>;
}

export function createDirectory(users: readonly SeededUser[]): Directory {
  let accounts = seed(users);
  const all = () => [...accounts.values()].map(({ user }) => user);
  return {
    list: all,
    find: (objectId) => (objectId === undefined ? undefined : accounts.get(objectId)?.user),
    findByHint: (hint) =>
      all().find((user) => user.username === hint || loginHintOf(user) === hint),
    consent(objectId, scopes) {
      const account = accounts.get(objectId);
      if (account === undefined) return;
      account.user = { ...account.user, consented: true };
      account.scopes = new Set([...account.scopes, ...scopes]);
    },
    missingConsent(objectId, scopes) {
      const account = accounts.get(objectId);
      if (account?.user.consented !== true) return [...scopes];
      return scopes.filter((scope) => !account.scopes.has(scope));
    },
    change(key, { roles, disabled, consented }) {
      const account = accounts.get(key) ?? [...accounts.values()].find(isNamed(key));
      if (account === undefined) return false;
      account.user = {
        ...account.user,
        ...(roles === undefined ? {} : { roles }),
        ...(disabled === undefined ? {} : { disabled }),
        ...(consented === undefined ? {} : { consented }),
      };
      return true;
    },
    reset() {
      accounts = seed(users);
    },
  };
}

/** The value of the optional claim `login_hint`: opaque, and not the user name. */
export function loginHintOf(user: SeededUser): string {
  return `O.${Buffer.from(`${user.objectId}.${user.tenantId}`).toString('base64url')}`;
}

/** Reads `{ "<object id or user name>": { roles?, disabled?, consented? } }`. */
export function isAccountChanges(input: unknown): input is Readonly<Record<string, AccountChange>> {
  return isRecord(input) && Object.values(input).every(isAccountChange);
}

function isAccountChange(input: unknown): input is AccountChange {
  return (
    isRecord(input) &&
    Object.entries(input).every(([name, value]) =>
      name === 'roles'
        ? Array.isArray(value) && value.every((role) => typeof role === 'string')
        : (name === 'disabled' || name === 'consented') && isBoolean(value),
    )
  );
}

function isNamed(username: string) {
  return ({ user }: Account) => user.username === username;
}

function seed(users: readonly SeededUser[]): Map<string, Account> {
  return new Map(
    users.map((user) => [user.objectId, { user, scopes: new Set(consentedFromTheStart) }]),
  );
}
