import { randomUUID } from 'node:crypto';
import { isObject } from '../../src/bodies';
import { isBoolean, isCount, isString } from '../loopback/control';
import type { KeptState } from './kept-state';
import type { SeededUser } from './registrations';

/** How many accounts there can be. */
export const maxAccounts = 500;

/** Whether an account of this user name could be added. */
export function isUserName(text: string): boolean {
  return /^[^\s@]{1,60}@[^\s@]{1,60}$/.test(text);
}

/** What can be changed about an account while the stand-in runs. */
export interface AccountChange {
  /** For a user name that nobody has, it adds an account. */
  readonly name?: string;
  readonly roles?: readonly string[];
  readonly disabled?: boolean;
  readonly consented?: boolean;
  /** Names of groups. */
  readonly groups?: readonly string[];
  readonly groupCount?: number;
}

/** How many groups an account may have at most: more than Microsoft Graph lists in one answer. */
const maxGroups = 12_000;

/** Reads `{ "<object id or user name>": { name?, roles?, disabled?, consented?, groups?, groupCount? } }`. */
export function isAccountChanges(input: unknown): input is Readonly<Record<string, AccountChange>> {
  return isObject(input) && Object.values(input).every(isAccountChange);
}

function isAccountChange(input: unknown): input is AccountChange {
  return (
    isObject(input) &&
    Object.entries(input).every(([member, value]) => {
      switch (member) {
        case 'name':
          return isString(value) && value.trim() !== '' && value.length <= 120;
        case 'roles':
        case 'groups':
          return Array.isArray(value) && value.every(isString);
        case 'groupCount':
          return isCount(value) && value <= maxGroups;
        case 'disabled':
        case 'consented':
          return isBoolean(value);
        default:
          return false;
      }
    })
  );
}

/** The accounts as they are now. */
export interface Directory {
  list(): readonly SeededUser[];
  /** By object id. */
  find(objectId: string | undefined): SeededUser | undefined;
  /** By user name or by the `login_hint` claim, among the accounts that `isMeant` accepts. */
  findByHint(hint: string, isMeant?: (user: SeededUser) => boolean): SeededUser | undefined;
  /** Is `key` the user's object id or user name? */
  isNamed(user: SeededUser, key: string): boolean;
  /** All scopes that the person has agreed to. */
  agreed(objectId: string): readonly string[];
  consent(objectId: string, scopes: readonly string[]): void;
  /** The Graph scopes of `scopes` that the person has not agreed to. */
  missingConsent(objectId: string, scopes: readonly string[]): string[];
  /**
   * `key` is an object id or a user name. For a user name that nobody has, an account is added if the change has a name.
   * False when nothing was changed.
   */
  change(key: string, change: AccountChange): boolean;
  /** Gives a function that brings the current accounts back. */
  remember(): () => void;
  reset(): void;
}

/**
 * The accounts `users`, with the changes that an earlier run has kept.
 * @param tenantOf the tenant of an added account, by its user name
 * @param asksConsent false for External ID and Azure AD B2C, where only administrators consent
 */
export function createDirectory(
  users: readonly SeededUser[],
  tenantOf: (username: string) => string,
  state: KeptState,
  asksConsent = true,
): Directory {
  const accounts = createKeptAccounts(users, state);
  const all = () => [...accounts.now().values()].map(({ user }) => user);
  return {
    list: all,
    find: (objectId) => (objectId === undefined ? undefined : accounts.now().get(objectId)?.user),
    findByHint: (hint, isMeant = () => true) =>
      all()
        .filter(isMeant)
        .find((user) => isSameName(user.username, hint) || loginHintOf(user) === hint),
    isNamed,
    agreed: (objectId) => accounts.now().get(objectId)?.scopes ?? [],
    consent(objectId, scopes) {
      const account = accounts.now().get(objectId);
      if (account === undefined) return;
      const agreed = [...new Set([...account.scopes, ...scopes])];
      accounts.put({ user: { ...account.user, consented: true }, scopes: agreed });
    },
    missingConsent(objectId, scopes) {
      if (!asksConsent) return [];
      const account = accounts.now().get(objectId);
      if (account?.user.consented !== true) return [...scopes];
      return scopes.filter((scope) => !isAgreed(account.scopes, scope));
    },
    change(key, change) {
      const known = [...accounts.now().values()].find(({ user }) => isNamed(user, key));
      const account = known ?? newAccount(key, change, tenantOf(key));
      if (account === undefined || (known === undefined && accounts.now().size >= maxAccounts)) {
        return false;
      }
      accounts.put({ ...account, user: { ...account.user, ...change } });
      return true;
    },
    remember: () => accounts.remember(),
    reset() {
      accounts.reset();
    },
  };
}

/** The value of the optional claim `login_hint`: opaque, and not the user name. */
export function loginHintOf(user: SeededUser): string {
  return `O.${Buffer.from(`${user.objectId}.${user.tenantId}`).toString('base64url')}`;
}

function newAccount(
  username: string,
  { name }: AccountChange,
  tenantId: string,
): Account | undefined {
  if (name === undefined || !isUserName(username)) return undefined;
  const [givenName = name, ...others] = name.split(' ');
  const user: SeededUser = {
    objectId: randomUUID(),
    tenantId,
    name,
    username,
    givenName,
    surname: others.join(' '),
    mail: username,
    roles: [],
    consented: true,
    disabled: false,
    note: 'Added while the stand-in ran',
  };
  return { user, scopes: consentedFromTheStart };
}

function isNamed(user: SeededUser, key: string): boolean {
  return user.objectId === key || isSameName(user.username, key);
}

function isSameName(username: string, other: string): boolean {
  return username.toLowerCase() === other.toLowerCase();
}

/** An account, and the scopes its owner has agreed to. */
interface Account {
  readonly user: SeededUser;
  readonly scopes: readonly string[];
}

/** The accounts by object id, with the changes that people have made. */
interface KeptAccounts {
  now(): ReadonlyMap<string, Account>;
  put(account: Account): void;
  /** Gives a function that brings the current accounts back. */
  remember(): () => void;
  /** Removes all changes. */
  reset(): void;
}

/** `.default` needs consent only if the person has agreed to nothing of that API. */
function isAgreed(agreed: readonly string[], scope: string): boolean {
  const api = /^(.*\/)\.default$/.exec(scope)?.[1];
  return api === undefined ? agreed.includes(scope) : agreed.some((each) => each.startsWith(api));
}

/** What every account with consent has agreed to at the start. */
const consentedFromTheStart = ['openid', 'User.Read'];

/** Keeps only the changes. The accounts that were not changed are made new at each start. */
function createKeptAccounts(users: readonly SeededUser[], state: KeptState): KeptAccounts {
  const kept = state.part('accounts');
  let accounts = seed(users);
  for (const [objectId, account] of kept) {
    if (isAccount(account)) accounts.set(objectId, account);
  }
  const keepAll = (those: ReadonlyMap<string, unknown>): void => {
    kept.clear();
    for (const [objectId, account] of those) kept.set(objectId, account);
    state.changed();
  };
  return {
    now: () => accounts,
    put(account) {
      accounts.set(account.user.objectId, account);
      kept.set(account.user.objectId, account);
      state.changed();
    },
    remember() {
      const [were, keptWere] = [new Map(accounts), new Map(kept)];
      return () => {
        accounts = were;
        keepAll(keptWere);
      };
    },
    reset() {
      accounts = seed(users);
      keepAll(new Map());
    },
  };
}

function seed(users: readonly SeededUser[]): Map<string, Account> {
  return new Map(users.map((user) => [user.objectId, { user, scopes: consentedFromTheStart }]));
}

/** Whether an earlier run wrote it. */
function isAccount(value: unknown): value is Account {
  if (!isObject(value) || !isObject(value['user']) || !Array.isArray(value['scopes'])) return false;
  const { user } = value;
  const texts = ['objectId', 'tenantId', 'name', 'username', 'givenName', 'surname', 'note'];
  return (
    texts.every((name) => isString(user[name])) &&
    Array.isArray(user['roles']) &&
    isBoolean(user['consented']) &&
    isBoolean(user['disabled'])
  );
}
