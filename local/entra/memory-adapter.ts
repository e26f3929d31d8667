import type { Adapter, AdapterPayload } from 'oidc-provider';

/**
 * Where oidc-provider keeps sessions, codes and refresh tokens: in this process, for one stand-in.
 * Expiry is checked by oidc-provider itself; what is left over goes with the process.
 */
export function createMemoryAdapter(): (model: string) => Adapter {
  const models = new Map<string, Map<string, AdapterPayload>>();
  const entriesOf = (model: string) => {
    const entries = models.get(model) ?? new Map<string, AdapterPayload>();
    models.set(model, entries);
    return entries;
  };
  return (model) => {
    const entries = entriesOf(model);
    const findBy = (name: 'uid' | 'userCode', value: string) =>
      [...entries.values()].find((payload) => payload[name] === value);
    return {
      upsert: (id, payload) => {
        entries.set(id, payload);
        return Promise.resolve();
      },
      find: (id) => Promise.resolve(entries.get(id)),
      findByUid: (uid) => Promise.resolve(findBy('uid', uid)),
      findByUserCode: (userCode) => Promise.resolve(findBy('userCode', userCode)),
      consume: (id) => {
        const payload = entries.get(id);
        if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000);
        return Promise.resolve();
      },
      destroy: (id) => {
        entries.delete(id);
        return Promise.resolve();
      },
      revokeByGrantId: (grantId) => {
        for (const [id, payload] of entries) if (payload.grantId === grantId) entries.delete(id);
        return Promise.resolve();
      },
    };
  };
}
