import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Adapter, AdapterPayload } from 'oidc-provider';
import { isObject, parseJson } from '../../src/bodies';
import { isString } from '../loopback/control';

/** State that can be kept: sessions, refresh tokens, keys, changed accounts. */
export interface KeptState {
  /**
   * The part called `name`, with what the last run has written. Values are plain JSON. The reader checks what an earlier
   * run has written.
   */
  part(name: string): Map<string, unknown>;
  /** Call it after every change. The change is written before an answer is sent. */
  changed(): void;
}

/**
 * State in memory and, with `path`, in a JSON file that only its owner can read. People then stay signed in over restarts.
 * The file is written beside the old one and renamed, so a killed process leaves the old file or the new one.
 * @throws Error when the file holds something else
 */
export function createKeptState(path?: string): KeptState {
  const parts = path === undefined ? new Map<string, Map<string, unknown>>() : readParts(path);
  let isWriting = false;

  const write = (to: string): void => {
    isWriting = false;
    const whole = [...parts].map(([name, values]) => [name, Object.fromEntries(values)]);
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(`${to}.new`, JSON.stringify(Object.fromEntries(whole)), { mode: 0o600 });
    renameSync(`${to}.new`, to);
  };
  return {
    part(name) {
      const part = parts.get(name) ?? new Map<string, unknown>();
      parts.set(name, part);
      return part;
    },
    changed() {
      // All changes of one turn of the event loop are written together, before an answer is sent.
      if (path === undefined || isWriting) return;
      isWriting = true;
      queueMicrotask(() => {
        write(path);
      });
    },
  };
}

function readParts(path: string): Map<string, Map<string, unknown>> {
  const kept = existsSync(path) ? parseJson(readFileSync(path, 'utf8')) : {};
  if (!isObject(kept) || !Object.values(kept).every(isObject)) {
    throw new Error(`${path} is not what the stand-in wrote. Delete it to begin again.`);
  }
  return new Map(
    Object.entries(kept).map(([name, values]) => [name, new Map(Object.entries(values ?? {}))]),
  );
}

/**
 * The store of oidc-provider for sessions, codes and refresh tokens. oidc-provider checks the expiry. State of an earlier
 * run that has expired is left out.
 */
export function createKeptAdapter(state: KeptState): (model: string) => Adapter {
  const models = new Map<string, Adapter>();
  return (model) => {
    const adapter = models.get(model) ?? createModel(state, partOfModel(model));
    models.set(model, adapter);
    return adapter;
  };
}

/** The name of the part for a `model` of oidc-provider. */
function partOfModel(model: string): string {
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
  return isObject(value) && (value['exp'] === undefined || typeof value['exp'] === 'number');
}

/** What belongs to a code or refresh token. */
interface GrantNote {
  readonly scopes: readonly string[];
  /** Authentication contexts (`c1`) that the person had satisfied. */
  readonly acrs: readonly string[];
  /** When the person signed in at the provider, epoch seconds. */
  readonly authTime: number;
  /** `max_age` of the authorization request, seconds. */
  readonly maxAge?: number;
  /** Names of the claims that the authorization request asked for in the ID token. */
  readonly idTokenClaims?: readonly string[];
  /** The name of the authority at which the code was given. */
  readonly authority?: string;
}

/** What belongs to a browser session. */
interface SessionNote {
  /** Authentication contexts that the person has satisfied. */
  readonly acrs: readonly string[];
  /** Ids of the apps that the person signed in to. They are told when the session ends. */
  readonly clients: readonly string[];
  /** The request (its `code_challenge`) whose user flow the person has gone through, with Azure AD B2C. */
  readonly doneFlow?: string;
}

/** What oidc-provider itself does not keep. */
export interface SignInNotes {
  /** By id of a code or refresh token. */
  ofGrant(id: string): GrantNote;
  keepGrant(id: string, note: GrantNote): void;
  /** By `uid` of a session. */
  ofSession(uid: string | undefined): SessionNote;
  keepSession(uid: string, note: SessionNote): void;
}

export function createSignInNotes(state: KeptState): SignInNotes {
  const grants = state.part('grant notes');
  const sessions = state.part('session notes');
  // Codes do not outlive a run, and notes of refresh tokens go with them.
  const refreshTokens = state.part(partOfModel('RefreshToken'));
  for (const id of grants.keys()) if (!refreshTokens.has(id)) grants.delete(id);
  return {
    ofGrant(id) {
      const note = grants.get(id);
      const maxAge = numberOf(note, 'maxAge');
      const authority = isObject(note) ? note['authority'] : undefined;
      return {
        scopes: textsOf(note, 'scopes'),
        acrs: textsOf(note, 'acrs'),
        idTokenClaims: textsOf(note, 'idTokenClaims'),
        authTime: numberOf(note, 'authTime') ?? 0,
        ...(maxAge === undefined ? {} : { maxAge }),
        ...(isString(authority) ? { authority } : {}),
      };
    },
    keepGrant(id, note) {
      grants.set(id, note);
      state.changed();
    },
    ofSession(uid) {
      const note = sessions.get(uid ?? '');
      const doneFlow = isObject(note) ? note['doneFlow'] : undefined;
      return {
        ...{ acrs: textsOf(note, 'acrs'), clients: textsOf(note, 'clients') },
        ...(isString(doneFlow) ? { doneFlow } : {}),
      };
    },
    keepSession(uid, note) {
      sessions.set(uid, note);
      state.changed();
    },
  };
}

function textsOf(note: unknown, name: string): string[] {
  const texts = isObject(note) ? note[name] : undefined;
  return Array.isArray(texts) ? texts.filter(isString) : [];
}

function numberOf(note: unknown, name: string): number | undefined {
  const number = isObject(note) ? note[name] : undefined;
  return typeof number === 'number' ? number : undefined;
}

/** The folder of `--data` cannot be used. The message is for people and says what to do. */
export class DataDirError extends Error {}

const ignoreAll = '*\n';
const ownFiles = ['stack.json', 'entra.json'];

/**
 * Makes the folder for the state of the stack, or checks an existing one. Only its owner can read it, and it has a
 * `.gitignore`, since it holds a signing key, refresh tokens and secrets.
 * @throws DataDirError when it cannot be made or holds files of somebody else
 */
export function prepareDataDir(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const files = readdirSync(dataDir);
    if (files.length > 0 && !isOurs(dataDir, files)) {
      throw new DataDirError(
        `--data ${dataDir}: the folder holds other files, and secrets must not lie beside them. Name a folder that is new or empty.`,
      );
    }
    chmodSync(dataDir, 0o700);
    if (!files.includes('.gitignore')) {
      writeFileSync(join(dataDir, '.gitignore'), ignoreAll, { mode: 0o600 });
    }
  } catch (error) {
    throw error instanceof DataDirError ? error : new DataDirError(explain(dataDir, error));
  }
}

function isOurs(dataDir: string, files: readonly string[]): boolean {
  const marks = files.includes('.gitignore')
    ? readFileSync(join(dataDir, '.gitignore'), 'utf8') === ignoreAll
    : false;
  return marks || ownFiles.some((name) => files.includes(name));
}

function explain(dataDir: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EEXIST':
    case 'ENOTDIR':
      return `--data ${dataDir}: there is a file of that name (or of a folder above). Name a folder.`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `--data ${dataDir}: you may not write there. Name a folder of your own.`;
    default:
      return `--data ${dataDir}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
