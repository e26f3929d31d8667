import { type LiveTables, startLiveTables } from '../../local/tables/live-tables';
import { appCommand, appSignIn, type BenchStack } from './contenders';
import { type ServerProcess, startServer } from './server-process';
import { meetPerson, type Send } from './sign-in';

/** What one request costs in storage, beside what it may cost. */
export interface RoundTrips {
  readonly request: string;
  readonly made: readonly string[];
  readonly aim: string;
}

type Count = (request: string, aim: string, ask: () => Promise<unknown>) => Promise<void>;
type StartApp = (env?: Readonly<Record<string, string>>) => Promise<void>;

/** Asks the app one thing after the other and counts what each costs in storage. */
export async function countRoundTrips(
  send: Send,
  stack: BenchStack,
  account: string,
): Promise<readonly RoundTrips[]> {
  const { facts } = stack;
  const [baseUrl = ''] = stack.origins;
  const tablesPort = /TableEndpoint=http:\/\/127\.0\.0\.1:(\d+)/.exec(facts.tablesConnectionString);
  const tables = await startLiveTables({ azuritePort: Number(tablesPort?.[1]) });
  const through = facts.tablesConnectionString.replace(
    `:${tablesPort?.[1] ?? ''}/`,
    `:${tables.port}/`,
  );
  let running: ServerProcess | undefined;
  const startApp: StartApp = async (more = {}) => {
    await running?.stop();
    const env = { TABLES_CONNECTION_STRING: through, ...more };
    running = await startServer(appCommand({ facts, baseUrl, env }));
    // The first request that needs a key reads the ring.
    await send(`${baseUrl}/auth/login`);
  };
  try {
    await startApp();
    return await countAll({ send, baseUrl, startApp, tables, account, entraUrl: facts.entraUrl });
  } finally {
    await running?.stop();
    await tables.stop();
  }
}

async function countAll(parts: {
  readonly send: Send;
  readonly baseUrl: string;
  readonly startApp: StartApp;
  readonly tables: LiveTables;
  readonly account: string;
  readonly entraUrl: string;
}): Promise<readonly RoundTrips[]> {
  const { send, baseUrl, startApp, tables, account, entraUrl } = parts;
  const counted: RoundTrips[] = [
    { request: 'first request that needs a key', made: taken(tables), aim: '1 query' },
  ];
  const count: Count = async (request, aim, ask) => {
    tables.takeRequests();
    await ask();
    counted.push({ request, made: taken(tables), aim });
  };
  const get = (path: string, cookie?: string) =>
    send(baseUrl + path, {
      headers: { Accept: 'application/json', ...(cookie && { Cookie: cookie }) },
    });
  const plan = appSignIn(baseUrl);
  await count('anonymous `/`', '0', () => get('/'));
  await count('`/auth/login`', '0', () => get('/auth/login'));
  await count('hop page', '0', () => get('/auth/redirect?code=c&state=s'));
  const person = await meetPerson(send, plan, account, entraUrl);
  let cookie = '';
  await count('sign-in (`/auth/redirect?hop=1`)', '1 insert, 1 transaction', async () => {
    cookie = await person.signIn(plan);
  });
  await count('`/auth/session`', '1 point read', () => get('/auth/session', cookie));
  await count('`/auth/me`', '2 point reads', () => get('/auth/me', cookie));
  // A longer idle time puts the session past half of it at once.
  await startApp({ SESSION_IDLE_SECONDS: '43200' });
  await count('`/auth/session` past half of its idle time', '1 point read, 1 write', () =>
    get('/auth/session', cookie),
  );
  await startApp({ SESSION_REVALIDATE_SECONDS: '1' });
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await count('`/auth/session` at revalidation', '2 point reads, 1 transaction', () =>
    get('/auth/session', cookie),
  );
  await startApp();
  await count('`/auth/logout`', '1 point read, 1 transaction, 1 delete', () =>
    send(`${baseUrl}/auth/logout`, {
      form: '',
      headers: { Accept: 'application/json', Cookie: cookie, 'Sec-Fetch-Site': 'same-origin' },
    }),
  );
  return counted;
}

function taken(tables: LiveTables): readonly string[] {
  return tables.takeRequests().map(nameOf);
}

/** `GET /account/table(PartitionKey='…',RowKey='…')` in words. */
function nameOf(request: string): string {
  const [method = '', path = ''] = request.split(' ');
  if (path.includes('$batch')) return 'transaction';
  if (method === 'GET') {
    return decodeURIComponent(path).includes("RowKey='") ? 'point read' : 'query';
  }
  return method === 'POST' ? 'insert' : method === 'DELETE' ? 'delete' : 'write';
}

/** `2 point reads, 1 transaction`; `0` for nothing. In the order in which each came first. */
export function showCounts(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const parts = [...counts].map(([name, count]) => `${count} ${pluralOf(name, count)}`);
  return parts.length === 0 ? '0' : parts.join(', ');
}

function pluralOf(name: string, count: number): string {
  if (count === 1) return name;
  return name.endsWith('y') ? `${name.slice(0, -1)}ies` : `${name}s`;
}
