import type { Adapter, AdapterPayload } from 'oidc-provider';
import { isRecord } from '../loopback/control';
import type { KeptState } from './kept-state';

/**
 * Where oidc-provider keeps sessions, codes and refresh tokens. Expiry is checked by oidc-provider
 * itself; what has expired meanwhile is left out when an earlier run's state is taken over.
 */
export function createKeptAdapter(state: KeptState): (model: string) => Adapter {
  const models = new Map<string, Adapter>();
  return (model) => {
    const adapter = models.get(model) ?? createModel(state, partOfModel(model));
    models.set(model, adapter);
    return adapter;
  };
}

/** Under what name the state keeps what oidc-provider calls `model`. */
export function partOfModel(model: string): string {
  return `model ${model}`;
}

function createModel(state: KeptState, name: string): Adapter {
  const entries = state.part(name);
  const now = Math.floor(Date.now() / 1000);
  for (const [id, payload] of entries) {
    if (!isPayload(payload) || (payload.exp !== undefined && payload.exp < now)) entries.delete(id);
  }
  const find = (id: string): AdapterPayload | undefined => {
    const payload = entries.get(id);
    return isPayload(payload) ? payload : undefined;
  };
  const findBy = (member: 'uid' | 'userCode', value: string) =>
    [...entries.keys()].map(find).find((payload) => payload?.[member] === value);
  const done = (): Promise<void> => {
    state.changed();
    return Promise.resolve();
  };
  return {
    upsert(id, payload) {
      entries.set(id, payload);
      return done();
    },
    find: (id) => Promise.resolve(find(id)),
    findByUid: (uid) => Promise.resolve(findBy('uid', uid)),
    findByUserCode: (userCode) => Promise.resolve(findBy('userCode', userCode)),
    consume(id) {
      const payload = find(id);
      if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000);
      return done();
    },
    destroy(id) {
      entries.delete(id);
      return done();
    },
    revokeByGrantId(grantId) {
      for (const id of entries.keys()) if (find(id)?.grantId === grantId) entries.delete(id);
      return done();
    },
  };
}

function isPayload(value: unknown): value is AdapterPayload {
  return isRecord(value) && (value['exp'] === undefined || typeof value['exp'] === 'number');
}
