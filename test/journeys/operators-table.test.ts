import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localTenantId } from '../../local/stack/settings';
import type { AppFacts } from '../../local/stack/stack-process';
import { movableClock } from '../support/fixed-clock';
import {
  accounts,
  eventsIn,
  fetchJson,
  resetControl,
  signIn,
  startJourney,
} from '../support/journey';
import { type KeyVaultStandIn, startKeyVaultStandIn } from '../support/key-vault-stand-in';
import {
  type ManagedIdentityStandIn,
  startManagedIdentityStandIn,
} from '../support/managed-identity-stand-in';
import type { TestStack } from '../support/start-stack';
import { type Page, TestBrowser, words } from '../support/test-browser';
import { createTestTable, type OwnTables, startOwnTables } from '../support/test-table';

interface Row {
  /** Makes it so. It may give another instance than the usual one. */
  readonly when: () => Promise<AppFacts | undefined>;
  /** The part that /health names, and its line in the log; `undefined` where /health cannot know. */
  readonly health?: readonly [part: string, line: RegExp];
  /** The event of the failed sign-in. `undefined` where the app never hears of it. */
  readonly event?: Readonly<Record<string, string>>;
  /** What people see when they sign in, or at `path` when they are signed in. */
  readonly page: readonly [status: number, title: string, button?: string];
  readonly path?: string;
  /** What one searches docs/troubleshooting.md for: the number on the page, or else the code. */
  readonly search: string;
  /** Words of the first row that the search finds there. */
  readonly found: RegExp;
}

let folder: string;
let tables: OwnTables;
let stack: TestStack;
let identity: ManagedIdentityStandIn;
let vault: KeyVaultStandIn;
/** The usual instance, and the one that has never reached the provider. */
let app: AppFacts;
let fresh: AppFacts;
let ofVault: AppFacts;

/** How far the clock of everything is from the machine's, and that of the apps from all others; milliseconds. */
const clock = { all: 0, apps: 0 };

function writeClock(): void {
  writeFileSync(join(folder, 'all'), `${clock.all}`);
  writeFileSync(join(folder, 'apps'), `${clock.apps}`);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'operators-table-'));
  writeClock();
  identity = await startManagedIdentityStandIn({ tenantId: localTenantId, clientId });
  [tables, vault] = await Promise.all([
    startOwnTables(),
    startKeyVaultStandIn({ tokenKeys: identity.keys }),
  ]);
  // The stand-ins and the apps.
  Object.assign(process.env, movableClock(join(folder, 'all')));
  stack = await startJourney({ apps: 0 });
  [app, fresh, ofVault] = await Promise.all([
    startApp({ TABLES_CONNECTION_STRING: tables.connectionString }),
    startApp({}),
    startApp({
      KEY_RING_SECRET: '',
      KEY_VAULT_KEY_ID: vault.keyId,
      MANAGED_IDENTITY_CLIENT_ID: clientId,
      TABLES_NAME: (await createTestTable()).tableName,
      ...identity.environment,
    }),
  ]);
});
afterAll(async () => {
  await Promise.all([stack.stop(), tables.stop(), vault.stop(), identity.stop()]);
  rmSync(folder, { recursive: true });
});

const clientId = '66666666-6666-4666-8666-666666666666';

function startApp(env: Readonly<Record<string, string>>): Promise<AppFacts> {
  return stack.startApp({ env: { ...movableClock(join(folder, 'apps')), ...env } });
}

const pageOf = {
  entra: () => stack.facts.entraUrl,
  graph: () => stack.facts.graphUrl,
  tables: () => `http://127.0.0.1:${tables.port}`,
};

/** Fills in a form of a control page and sends it, as a person on that page does. */
async function choose(
  standIn: keyof typeof pageOf,
  form: string,
  fields: Readonly<Record<string, string>>,
): Promise<undefined> {
  const page = new URL('/control', pageOf[standIn]());
  const browser = new TestBrowser();
  const shown = await browser.open(page);
  for (const name of Object.keys(fields)) expect(shown.text).toContain(` name="${name}"`);
  const action = `/control/${form}`;
  const sent = await browser.open(new URL(action, page), {
    ...{ method: 'POST', form: fields, from: page },
  });
  expect({ action, status: sent.status }).toEqual({ action, status: 200 });
}

const noOutage = { tokenError: '', tokenOutage: 'none', accessTokenSeconds: '3600' };
const tokens = (fields: Readonly<Record<string, string>>) =>
  choose('entra', 'tokens', { ...noOutage, ...fields });
const provider = (fields: Readonly<Record<string, string>>) =>
  choose('entra', 'provider', {
    ...{ registration: 'none', metadataOutage: 'none', keysOutage: 'none' },
    ...fields,
  });
const tablesFault = (fault: string) => choose('tables', 'faults', { fault, on: 'all' });
const atFresh = () => fresh;

function skewApps(minutes: number): Promise<undefined> {
  clock.apps = minutes * 60_000;
  writeClock();
  return Promise.resolve(undefined);
}

/** What keeps people out. What each service answers is written where its stand-in does. */
const rows: Readonly<Record<string, Row>> = {
  'table down': {
    when: () => tablesFault('cut'),
    health: ['storage', /^ERR_STORAGE_UNAVAILABLE the tables answered ECONNRESET/],
    event: { event: 'storage trouble', outcome: 'failed', code: 'ERR_STORAGE_UNAVAILABLE' },
    page: [503, 'Sessions cannot be reached', 'Try again'],
    search: 'ERR_STORAGE_UNAVAILABLE',
    found: /cannot be reached/,
  },
  'table deleted': {
    when: () => tablesFault('no-table'),
    health: ['storage', /^ERR_STORAGE_UNAVAILABLE there is no table t[0-9a-f]{16}/],
    event: { event: 'storage trouble', outcome: 'failed', code: 'ERR_STORAGE_UNAVAILABLE' },
    page: [503, 'Sessions cannot be reached', 'Try again'],
    search: 'ERR_STORAGE_UNAVAILABLE',
    found: /does not exist.*TABLES_NAME/,
  },
  'table throttled': {
    when: () => tablesFault('busy'),
    health: ['storage', /^ERR_STORAGE_UNAVAILABLE .*ServerBusy/],
    event: { event: 'storage trouble', outcome: 'failed', code: 'ERR_STORAGE_UNAVAILABLE' },
    page: [503, 'Sessions cannot be reached', 'Try again'],
    search: 'ERR_STORAGE_UNAVAILABLE',
    found: /busy/,
  },
  // With the role of a reader, for example. What only reads the table would not notice.
  'table that may only be read': {
    when: () => choose('tables', 'faults', { fault: 'no-permission', on: 'writes' }),
    health: ['storage', /^ERR_STORAGE_UNAVAILABLE .*AuthorizationPermissionMismatch.*Contributor/],
    event: { event: 'storage trouble', outcome: 'failed', code: 'ERR_STORAGE_UNAVAILABLE' },
    page: [503, 'Sessions cannot be reached', 'Try again'],
    search: 'ERR_STORAGE_UNAVAILABLE',
    found: /refuses the app.*role assignment/,
  },
  'provider down, at an instance that never reached it': {
    when: () => provider({ metadataOutage: 'error' }).then(atFresh),
    health: ['provider', /^ERR_PROVIDER_UNAVAILABLE the provider answered 500 /],
    event: { event: 'provider trouble', outcome: 'failed', code: 'ERR_PROVIDER_UNAVAILABLE' },
    page: [503, 'The sign-in service is not available', 'Try again'],
    search: 'ERR_PROVIDER_UNAVAILABLE',
    found: /has a fault of its own.*recovers by itself/,
  },
  'wrong tenant': {
    when: () => provider({ registration: 'no-such-tenant' }).then(atFresh),
    health: ['provider', /^ERR_PROVIDER_MISMATCH the provider answered 400 /],
    event: { event: 'provider trouble', outcome: 'failed', code: 'ERR_PROVIDER_MISMATCH' },
    page: [502, 'The sign-in service does not match the settings', 'Sign in again'],
    search: 'ERR_PROVIDER_MISMATCH',
    found: /the tenant does not exist.*ENTRA_AUTHORITY/,
  },
  'token endpoint hangs': {
    when: () => tokens({ tokenOutage: 'hang' }),
    event: { event: 'provider trouble', outcome: 'failed', code: 'ERR_PROVIDER_UNAVAILABLE' },
    page: [503, 'The sign-in service is not available', 'Try again'],
    search: 'ERR_PROVIDER_UNAVAILABLE',
    found: /did not answer in time/,
  },
  'provider throttled': {
    when: () => tokens({ tokenError: '90055' }),
    event: { event: 'sign-in refused', outcome: 'failed', number: 'AADSTS90055' },
    page: [503, 'The sign-in service is not available', 'Try again'],
    search: 'AADSTS90055',
    found: /is busy/,
  },
  'Graph throttled': {
    when: () =>
      choose('graph', 'answers', {
        ...{ answer: 'too-many-requests', outage: 'none', challengeForm: 'unquoted' },
      }),
    path: '/auth/me',
    event: { event: 'API trouble', outcome: 'failed', code: 'ERR_API_UNAVAILABLE' },
    page: [503, 'An API is not available', 'Try again'],
    search: 'ERR_API_UNAVAILABLE',
    found: /busy \(429\)/,
  },
  'secret refused': {
    when: () => provider({ registration: 'other-secret' }),
    health: ['credential', /^ERR_PROVIDER_REFUSED invalid_client AADSTS7000215$/],
    event: { event: 'sign-in refused', outcome: 'failed', number: 'AADSTS7000215' },
    page: [502, 'The sign-in service does not accept this app', 'Go to the home page'],
    search: 'AADSTS7000215',
    found: /ENTRA_CLIENT_SECRET/,
  },
  'secret expired': {
    when: () => provider({ registration: 'expired-secret' }),
    health: ['credential', /^ERR_PROVIDER_REFUSED invalid_client AADSTS7000222$/],
    event: { event: 'sign-in refused', outcome: 'failed', number: 'AADSTS7000222' },
    page: [502, 'The sign-in service does not accept this app', 'Go to the home page'],
    search: 'AADSTS7000222',
    found: /has expired/,
  },
  // The sign-in ends on the page of Microsoft, which names the number.
  'wrong redirect URI': {
    when: () => provider({ registration: 'other-redirect-uri' }),
    page: [400, 'AADSTS50011'],
    search: 'AADSTS50011',
    found: /redirect URI is not registered.*\/auth\/redirect/,
  },
  'wrong client id': {
    when: () => provider({ registration: 'no-such-app' }),
    page: [400, 'AADSTS700016'],
    search: 'AADSTS700016',
    found: /ENTRA_CLIENT_ID/,
  },
  'clock ten minutes ahead': {
    when: () => skewApps(10),
    health: ['clock', /^ERR_CLOCK this machine's clock is (59\d|60\d) seconds ahead of/],
    // An ID token is good for an hour, so people still sign in.
    page: [200, 'You are signed in'],
    search: 'ERR_CLOCK',
    found: /ahead: people can sign in/,
  },
  'clock ten minutes behind': {
    when: () => skewApps(-10),
    health: ['clock', /^ERR_CLOCK this machine's clock is (59\d|60\d) seconds behind the/],
    event: { event: 'sign-in failed', outcome: 'failed', code: 'ERR_ID_TOKEN' },
    page: [502, 'The sign-in could not be verified', 'Sign in again'],
    search: 'ERR_ID_TOKEN',
    found: /the clock of this app is behind/,
  },
  'another KEY_RING_SECRET': {
    when: () => startApp({ KEY_RING_SECRET: Buffer.alloc(32, 7).toString('base64url') }),
    health: ['keys', /^ERR_KEYS_UNAVAILABLE the key of .* was wrapped by another wrapping key/],
    event: { event: 'keys trouble', outcome: 'failed', code: 'ERR_KEYS_UNAVAILABLE' },
    page: [503, 'The keys of this app cannot be reached', 'Try again'],
    search: 'ERR_KEYS_UNAVAILABLE',
    found: /KEY_RING_SECRET/,
  },
  'vault throttled': {
    when: () => {
      vault.misbehave({ status: 429 });
      return Promise.resolve(ofVault);
    },
    health: ['keys', /^ERR_KEYS_UNAVAILABLE .*Key Vault answered 429 Throttled/],
    event: { event: 'keys trouble', outcome: 'failed', code: 'ERR_KEYS_UNAVAILABLE' },
    page: [503, 'The keys of this app cannot be reached', 'Try again'],
    search: 'ERR_KEYS_UNAVAILABLE',
    found: /the vault.*is busy/,
  },
  'vault gone': {
    when: async () => {
      await vault.stop();
      return ofVault;
    },
    health: ['keys', /^ERR_KEYS_UNAVAILABLE .*ECONNREFUSED/],
    event: { event: 'keys trouble', outcome: 'failed', code: 'ERR_KEYS_UNAVAILABLE' },
    page: [503, 'The keys of this app cannot be reached', 'Try again'],
    search: 'ERR_KEYS_UNAVAILABLE',
    found: /the vault is gone.*the vault or its key is lost/,
  },
};

describe('an operator finds the cause of', () => {
  // Before the first trouble too: the usual instance then has the provider's metadata and the keys in its memory.
  beforeEach(async () => {
    await skewApps(0);
    await Promise.all(Object.values(pageOf).map((url) => resetControl(url())));
    const { page } = await signedIn();
    expect(saidOn(page)[0]).toBe('You are signed in');
  });

  it.each(Object.entries(rows))('%s', async (_name, row) => {
    const { browser } = row.path === undefined ? {} : await signedIn();
    const at = (await row.when()) ?? app;
    const before = eventsIn(await stack.output(at)).length;
    const page = await (browser === undefined
      ? open(at)
      : browser.open(`${at.url}${row.path ?? ''}`));
    expect([page.status, ...saidOn(page)].slice(0, row.page.length)).toEqual(row.page);
    if (page.status !== 200) expect(words(page.text)).toContain(row.search);
    await lookAtHealth(at, row);
    const events = eventsIn(await stack.output(at)).slice(before);
    const told = events.filter(({ outcome, event }) => outcome !== 'done' && event !== healthEvent);
    if (row.event === undefined) expect(told).toEqual([]);
    else expect(told).toContainEqual(expect.objectContaining(row.event));
    expect(firstFound(row.search)).toMatch(row.found);
  });

  it('all of them, and /health is well again', async () => {
    passTime();
    expect((await fetchJson(`${app.url}/health`)).status).toBe(200);
  });

  it('a slow answer too: the log has how long each service took', async () => {
    // The clock has moved by more than five minutes.
    const told = eventsIn(await stack.output(app)).filter(({ event }) => event === 'latency');
    const services = new Set(told.map(({ what }) => what));
    expect(services).toEqual(new Set(['storage', 'provider', 'API graph']));
  });
});

const healthEvent = 'health failing';
const facts = ['code', 'error', 'number', 'note', 'causes'] as const;

function signedIn() {
  return signIn(app.url, accounts(stack).plainUser);
}

/** Signs in as far as it goes. */
async function open(at: AppFacts): Promise<Page> {
  const { plainUser } = accounts(stack);
  const browser = new TestBrowser();
  const picker = await browser.open(`${at.url}/auth/login`);
  const isPicker = picker.url.origin === stack.facts.entraUrl && picker.status === 200;
  return isPicker ? browser.press(picker, plainUser) : picker;
}

/** Title and main button; on the page of Microsoft the number. */
function saidOn(page: Page): readonly string[] {
  if (page.url.origin === stack.facts.entraUrl) {
    return [/AADSTS\d+/.exec(words(page.text))?.[0] ?? ''];
  }
  const title = /<h1>([^<]*)<\/h1>/.exec(page.text)?.[1] ?? '';
  const button = /<a class="button"[^>]*>([^<]*)</.exec(page.text)?.[1] ?? '';
  return [title, button];
}

/** /health keeps its answer for ten seconds. */
function passTime(): void {
  clock.all += 10_000;
  writeClock();
}

async function lookAtHealth(at: AppFacts, { health }: Row): Promise<void> {
  passTime();
  const before = eventsIn(await stack.output(at)).length;
  const { status, body } = await fetchJson(`${at.url}/health`);
  const lines = eventsIn(await stack.output(at))
    .slice(before)
    .filter(({ event }) => event === healthEvent)
    .map((line) => facts.map((name) => line[name]).filter(Boolean));
  if (health === undefined) {
    expect([status, body, lines]).toEqual([200, { status: 'ok' }, []]);
    return;
  }
  const [part, line] = health;
  expect([status, body]).toEqual([503, { status: 'failing', failing: [part] }]);
  const texts = lines.map((each) => each.join(' '));
  expect(texts).toEqual([expect.stringMatching(line)]);
  const [, answer] = /the tables answered (\w+)|there is no table/.exec(texts.join()) ?? [];
  if (part === 'storage') expect(firstFound(answer ?? 'there is no table')).toMatch(/^\| `/);
}

const troubleshooting = readFileSync('docs/troubleshooting.md', 'utf8').split('\n');

/** The row that one finds first: its first cell has the words. Codes of a line of refusals are whole words. */
function firstFound(search: string): string {
  const whole = new RegExp(String.raw`\b${search}\b`);
  return (
    troubleshooting.find((line) => line.startsWith('|') && whole.test(line.split('|')[1] ?? '')) ??
    ''
  );
}
