// `npm run bench:hops`: through how many files of `src` each of three requests runs. V8 counts the functions that are
// called; the bundle's source map says in which file each is written. Nothing is asserted: the aims are beside the numbers.
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { SourceMap } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readHostJson } from '../local/host/host-files';
import { startFunctionsHost } from '../local/host/functions-host';
import { createLog } from '../local/host/log';
import { appCommand, appSignIn, startBenchStack } from './parts/contenders';
import { formatTable } from './parts/report';
import { createHttpClient, meetPerson } from './parts/sign-in';

const scriptRoot = mkdtempSync(join(tmpdir(), 'anteroom-hops-'));
const bundle = join(scriptRoot, 'dist/main.js');
const client = createHttpClient(1);
const stack = await startBenchStack(1);
try {
  await buildReadableApp();
  const [baseUrl = ''] = stack.origins;
  Object.assign(process.env, appCommand({ facts: stack.facts, baseUrl }).env);
  const host = await startHost(Number(new URL(baseUrl).port));
  try {
    await printHops(baseUrl);
  } finally {
    await host.stop();
  }
} finally {
  client.close();
  await stack.stop();
  rmSync(scriptRoot, { recursive: true, force: true });
}

/** The app with the names of its functions, in a folder that the host can serve. */
async function buildReadableApp(): Promise<void> {
  const { buildApp } = (await import(resolve('scripts/build-app.mjs'))) as {
    buildApp: (outdir: string, beside?: string, options?: object) => Promise<void>;
  };
  await buildApp(join(scriptRoot, 'dist'), undefined, { minify: false });
  for (const name of ['host.json', 'package.json']) cpSync(name, join(scriptRoot, name));
  symlinkSync(resolve('node_modules'), join(scriptRoot, 'node_modules'), 'dir');
}

async function startHost(port: number) {
  const hostJson = readHostJson(scriptRoot);
  const log = createLog({
    write: () => undefined,
    clock: () => new Date(),
    minLevelOf: () => 'none',
    colours: false,
  });
  return startFunctionsHost({ scriptRoot, port, settings: process.env, hostJson, log });
}

async function printHops(baseUrl: string): Promise<void> {
  const { entraUrl, users } = stack.facts;
  const account = users[0]?.name ?? '';
  const plan = appSignIn(baseUrl);
  const person = await meetPerson(client.send, plan, account, entraUrl);
  const cookie = await person.signIn(plan);
  const get = (path: string, by = cookie) =>
    client.send(baseUrl + path, { headers: { Accept: 'application/json', Cookie: by } });
  // Once before it counts: metadata, keys and the ring are read by then.
  await get('/auth/session');
  await get('/auth/me');
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  const rows: string[][] = [];
  const count = async (story: string, aim: number, tell: () => Promise<unknown>) => {
    await session.post('Profiler.takePreciseCoverage');
    await tell();
    const { result } = await session.post('Profiler.takePreciseCoverage');
    const files = filesOf(result.find(({ url }) => url.endsWith('/dist/main.js'))?.functions ?? []);
    rows.push([story, String(files.length), `at most ${aim}`]);
    if (process.argv.includes('--files')) console.log(`${story}\n  ${files.join('\n  ')}`);
  };
  await count('a guarded request (`/auth/session`)', 20, () => get('/auth/session'));
  await count('a sign-in, from login to the wanted page', 27, () => person.signIn(plan));
  await fetch(`${entraUrl}/control`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ accessTokenSeconds: 60 }),
  });
  const soonExpired = await person.signIn(plan);
  await count('a guarded request with an expired token (`/auth/me`)', 26, () =>
    get('/auth/me', soonExpired),
  );
  console.log(`\n${formatTable(['story', 'files of src', 'aim'], rows)}`);
}

interface CalledFunction {
  readonly ranges: readonly { readonly startOffset: number; readonly count: number }[];
}

/** The files of `src` that hold a function that was called. */
function filesOf(functions: readonly CalledFunction[]): readonly string[] {
  const code = readFileSync(bundle, 'utf8');
  const map = new SourceMap(JSON.parse(readFileSync(`${bundle}.map`, 'utf8')) as never);
  const lineStarts = [0, ...[...code.matchAll(/\n/g)].map(({ index }) => index + 1)];
  const files = new Set<string>();
  for (const { ranges } of functions) {
    const [whole] = ranges;
    // The first function is the bundle itself.
    if (whole === undefined || whole.count === 0 || whole.startOffset === 0) continue;
    const line = lineStarts.findLastIndex((start) => start <= whole.startOffset);
    const entry = map.findEntry(line, whole.startOffset - (lineStarts[line] ?? 0));
    const source = 'originalSource' in entry ? entry.originalSource : '';
    const name = /(?:^|\/)(src\/.*)$/.exec(source)?.[1];
    if (name !== undefined) files.add(name);
  }
  return [...files].sort();
}
