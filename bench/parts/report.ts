import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, release, totalmem, type } from 'node:os';
import { type BenchNumbers, type BenchSize, courseName, type courses, names } from './measure-all';

const anteroom = 'Anteroom';
const cookieSession = 'express-openid-connect, cookie session';
const tableStore = 'express-openid-connect, store in the table';

/** The numbers as Markdown: machine, versions, aims, and the tables behind them. */
export function report(numbers: BenchNumbers, size: BenchSize, date: Date): string {
  const { rounds, requests, concurrency, signIns, signInRounds, starts } = size;
  return [
    `Measured on ${date.toISOString().slice(0, 10)}, ${describeMachine()}, ${describeVersions()}.`,
    `**The aims.** Ratios of CPU time within a round, but for memory and start.`,
    aimTable(numbers),
    `**A request.** CPU time of the server's process, ms; ${rounds} rounds of ${requests} requests, ${concurrency} at a time, over ${concurrency} sessions.`,
    requestTable(numbers),
    `**A sign-in and memory.** CPU time from \`/auth/login\` (\`/login\`) to the answer of the callback, ms; ${signInRounds} rounds, ${signIns} sign-ins in all; then the memory of that process (RSS).`,
    signInTable(numbers, signIns),
    `**A start.** From the start of the process to the first guarded answer, ms; ${starts} starts.`,
    startTable(numbers),
    `**Anonymous answers** (\`/\`, \`/auth/login\`, the hop page) caused ${numbers.anonymousTrips} storage requests (aim: 0).`,
  ].join('\n\n');
}

/** Each aim, and whether the median keeps it. */
function aimTable(numbers: BenchNumbers): string {
  const aims = [...requestAims(numbers), ...processAims(numbers)];
  return formatTable(
    ['what', 'measured', 'aim'],
    aims.map(([name, spread, max, unit = ' x']) => [
      name,
      showSpread(spread, unit === ' x' ? 2 : 0),
      showAim(spread, max, unit),
    ]),
  );
}

/** What, how much, and how much it should be at most. */
type Aim = readonly [name: string, spread: Spread, max: number, unit?: string];

function requestAims({ requests }: BenchNumbers): readonly Aim[] {
  const of = (contender: string, course: keyof typeof courses) =>
    requests.get(courseName(contender, course));
  const read = requests.get(names.pointRead);
  const host = requests.get(names.doNothing);
  const session = of(anteroom, 'session');
  const withoutHost = (values: readonly number[] = []) =>
    values.map((value, round) => value - (host?.[round] ?? Number.NaN));
  return [
    ['`/auth/session` to the table store', ratio(session, of(tableStore, 'session')), 1],
    ['`/auth/session` to one point read by the library', ratio(session, read), 1.5],
    ['`/auth/me` to the table store', ratio(of(anteroom, 'me'), of(tableStore, 'me')), 1],
    [
      'a refusal, less what our host takes, to the cookie session',
      ratio(withoutHost(of(anteroom, 'refusal')), of(cookieSession, 'refusal')),
      1,
    ],
    [
      'the anonymous home page, less what our host takes, to the cookie session',
      ratio(withoutHost(of(anteroom, 'home')), of(cookieSession, 'home')),
      1,
    ],
    [
      'a point read by our HTTP client to one by the library',
      ratio(requests.get(names.leanRead), read),
      1,
    ],
    [
      'the same over TLS, by a bearer token',
      ratio(requests.get(names.secureLeanRead), requests.get(names.secureRead)),
      1,
    ],
  ];
}

function processAims({ signIns, bundleLoads }: BenchNumbers): readonly Aim[] {
  const [ours, store] = [signIns.get(anteroom), signIns.get(tableStore)];
  const rss = (use: typeof ours): number => use?.rssBytes ?? Number.NaN;
  const memory = rss(ours) / rss(signIns.get(cookieSession));
  return [
    ['a sign-in to the table store', ratio(ours?.cpuMs, store?.cpuMs), 1.2],
    ['memory after the sign-ins to the cookie session', spreadOf([memory]), 0.75],
    ['loading the bundle', spreadOf(bundleLoads), 100, ' ms CPU'],
  ];
}

/** Round by round. */
function ratio(one: readonly number[] = [], other: readonly number[] = []): Spread {
  return spreadOf(one.map((value, round) => value / (other[round] ?? Number.NaN)));
}

function requestTable({ requests }: BenchNumbers): string {
  const control = requests.get(names.pointRead) ?? [];
  return formatTable(
    ['what', 'ms CPU', 'x control'],
    [...requests].map(([name, values]) => {
      const ratio = spreadOf(values.map((ms, round) => ms / (control[round] ?? Number.NaN)));
      return [name, showSpread(spreadOf(values), 3), showSpread(ratio, 2)];
    }),
  );
}

function signInTable({ signIns }: BenchNumbers, count: number): string {
  const rows = [...signIns].map(([name, { cpuMs, rssBytes }]) => [
    name,
    showSpread(spreadOf(cpuMs), 2),
    `${(rssBytes / 1e6).toFixed(0)} MB`,
  ]);
  return formatTable(['what', 'ms CPU a sign-in', `RSS after ${count}`], rows);
}

function startTable({ starts }: BenchNumbers): string {
  const rows = [...starts].map(([name, { readyMs, answeredMs }]) => {
    const spread = spreadOf(answeredMs);
    return [
      name,
      showSpread(spreadOf(readyMs), 0),
      showSpread(spread, 0),
      name === anteroom ? showAim(spread, 300, ' ms') : '',
    ];
  });
  return formatTable(['what', 'listens', 'first guarded answer', 'aim'], rows);
}

function describeMachine(): string {
  const [cpu] = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} cores (${cpu?.model.trim() ?? 'unknown'}), ${gigabytes} GiB, ${type()} ${release()} ${arch()}`;
}

function describeVersions(): string {
  const packages = ['express-openid-connect', 'express', '@azure/data-tables', 'azurite'];
  const versions = packages.map((name) => `${name} ${versionOf(name)}`);
  return [`Node.js ${process.version}`, ...versions].join(', ');
}

function versionOf(name: string): string {
  const folder = ['bench/node_modules', 'node_modules', 'local/node_modules'].find((each) =>
    existsSync(`${each}/${name}/package.json`),
  );
  if (folder === undefined) return 'unknown';
  const manifest: unknown = JSON.parse(readFileSync(`${folder}/${name}/package.json`, 'utf8'));
  const version: unknown =
    typeof manifest === 'object' && manifest !== null ? Reflect.get(manifest, 'version') : '';
  return String(version);
}

/** A Markdown table that can be read as plain text, too. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** Some measurements of one thing: the middle one, and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

/** @throws RangeError when there are none */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((one, other) => one - other);
  const lowest = sorted[0];
  const highest = sorted.at(-1);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  if (lowest === undefined || highest === undefined || upper === undefined || lower === undefined) {
    throw new RangeError('nothing was measured');
  }
  return { median: (lower + upper) / 2, lowest, highest };
}

/** `1.23 (1.10 to 1.41)` */
export function showSpread({ median, lowest, highest }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${lowest.toFixed(digits)} to ${highest.toFixed(digits)})`;
}

/** Whether a median keeps an aim: `at most 300 ms: yes`. */
export function showAim({ median }: Spread, max: number, unit: string): string {
  return `at most ${max}${unit}: ${median <= max ? 'yes' : 'no'}`;
}

const begin = '<!-- bench: begin -->';
const end = '<!-- bench: end -->';

/**
 * Puts `text` in place of what stands between the markers in a file.
 * @throws Error when they are not there, each once and in order
 */
export function writeBetweenMarkers(path: string, text: string): void {
  const content = readFileSync(path, 'utf8');
  const [before, middle, ...moreBegins] = content.split(begin);
  const [, after, ...moreEnds] = middle?.split(end) ?? [];
  const isClear = moreBegins.length === 0 && moreEnds.length === 0;
  if (before === undefined || after === undefined || !isClear) {
    throw new Error(`${path} lacks its markers ${begin} and ${end}`);
  }
  writeFileSync(path, `${before}${begin}\n\n${text}\n\n${end}${after}`);
}
