import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

export type Json = Record<string, unknown>;

/** What the tenant refuses: commands or requests that begin so, as in `PATCH applications`. */
export interface Fault {
  readonly on: string;
  /** How often; always when left out. */
  readonly times?: number;
  readonly status?: 400 | 403 | 404;
  readonly code?: string;
  readonly message?: string;
  /** In place of an answer of Graph: what the Azure CLI itself says. */
  readonly said?: string;
  /** The request is carried out, but this is printed; ANSWER in it stands for the answer. */
  readonly prints?: string;
  /** The same for standard error, and az fails. */
  readonly blurts?: string;
  /** Somebody presses Ctrl-C while this is carried out. */
  readonly interrupts?: true;
}

export interface Application extends Json {
  readonly id: string;
  readonly appId: string;
  readonly passwordCredentials: readonly Json[];
  readonly federatedIdentityCredentials: readonly Json[];
}

/** What a tenant holds. */
export interface Tenant {
  readonly id: string;
  readonly graph: string;
  readonly authority: string;
  readonly applications: readonly Application[];
  /** Deleted, but not for good. */
  readonly deleted: readonly Application[];
  readonly servicePrincipals: readonly Json[];
  readonly assignments: readonly Json[];
  readonly grants: readonly Json[];
  readonly faults: readonly Fault[];
  /** How many secrets were ever made. */
  readonly secrets: number;
  /** How many ids were ever given. */
  readonly count: number;
  /** A file that becomes a folder while a secret is made, so that it cannot be written any more. */
  readonly blocked?: string;
  /** A secret that another machine makes at the same time. */
  readonly rival?: Json;
  /** A file that somebody saves with this text while a secret is made. */
  readonly saved?: { readonly path: string; readonly text: string };
}

export interface FakeGraphAz {
  /** A PATH on which `az` is the stand-in. */
  readonly path: string;
  tenant(): Tenant;
  /** Changes the tenant as somebody else would. */
  change(changes: Partial<Tenant>): void;
  /** The commands that were run, as one line each. */
  commands(): readonly string[];
  /** The requests that were sent, as in `PATCH applications/…`, without those that only read. */
  writes(): readonly string[];
  remove(): void;
}

export const tenantId = '5a17d1a9-0000-4000-8000-00000000a11c';
const graphAppId = '00000003-0000-0000-c000-000000000000';
export const graphPrincipalId = 'f0000003-0000-4000-8000-0000000a99a9';

const empty: Tenant = {
  id: tenantId,
  graph: 'https://graph.microsoft.com/',
  authority: 'https://login.microsoftonline.com',
  applications: [],
  deleted: [],
  servicePrincipals: [{ id: graphPrincipalId, appId: graphAppId }],
  assignments: [],
  grants: [],
  faults: [],
  secrets: 0,
  count: 0,
};

/** An Azure CLI before a tenant of its own, which takes what Graph documents and refuses what Graph refuses. */
export function createFakeGraphAz(): FakeGraphAz {
  const folder = mkdtempSync(join(tmpdir(), 'anteroom-graph-'));
  const program = resolve('test/infra/fake-graph-program.mjs');
  writeFileSync(join(folder, 'az'), `#!/bin/sh\nexec node '${program}' '${folder}' "$@"\n`);
  chmodSync(join(folder, 'az'), 0o755);
  const file = join(folder, 'tenant.json');
  writeFileSync(file, JSON.stringify(empty));
  const tenant = (): Tenant => JSON.parse(readFileSync(file, 'utf8')) as Tenant;
  const commands = (): readonly string[] => {
    const log = join(folder, 'commands');
    return existsSync(log) ? readFileSync(log, 'utf8').split('\n').filter(Boolean) : [];
  };
  return {
    path: `${folder}${delimiter}${process.env['PATH'] ?? ''}`,
    tenant,
    change: (changes) => {
      writeFileSync(file, JSON.stringify({ ...tenant(), ...changes }));
    },
    commands,
    writes: () =>
      commands()
        .map((line) => /^rest --method (\S+) --url https:\/\/[^/]+\/v1\.0\/(\S+)/.exec(line))
        .filter((match) => match !== null && match[1] !== 'GET')
        .map((match) => `${match?.[1] ?? ''} ${match?.[2] ?? ''}`),
    remove: () => {
      rmSync(folder, { recursive: true });
    },
  };
}
