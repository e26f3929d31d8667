import { isBoolean, isRecord, isString } from '../loopback/control';
import type { KeptState } from './kept-state';
import type { SeededUser } from './seeded-user';

/** An account, and the scopes its owner has agreed to. */
export interface Account {
  readonly user: SeededUser;
  readonly scopes: readonly string[];
}

/** The accounts by object id: the seeded ones, changed as people have changed them. */
export interface KeptAccounts {
  now(): ReadonlyMap<string, Account>;
  put(account: Account): void;
  /** Gives what takes the accounts back to how they are now. */
  remember(): () => void;
  /** Back to the seeds. */
  reset(): void;
}

/** What an account that has consented has agreed to from the start. */
export const consentedFromTheStart = ['openid', 'User.Read'];

/** Keeps what is changed; the seeds themselves are read anew at each start. */
export function createKeptAccounts(users: readonly SeededUser[], state: KeptState): KeptAccounts {
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
  if (!isRecord(value) || !isRecord(value['user']) || !Array.isArray(value['scopes'])) return false;
  const { user } = value;
  const texts = ['objectId', 'tenantId', 'name', 'username', 'givenName', 'surname', 'note'];
  return (
    texts.every((name) => isString(user[name])) &&
    Array.isArray(user['roles']) &&
    isBoolean(user['consented']) &&
    isBoolean(user['disabled'])
  );
}
