import { randomBytes } from 'node:crypto';
import type { StackFacts } from '../../local/stack/options';
import { type Asked, startRecordingProxy, type Treatment } from './recording-proxy';

/** One request to an app, and the calls that the app makes for it. */
export interface Followed {
  /** Headers of the request. The app gives this trace to all that it calls. */
  readonly headers: Readonly<Record<string, string>>;
  /** How many calls there were so far. */
  readonly calls: number;
  /** Settled when the call is held at which the request is to stand still. */
  readonly held: Promise<unknown>;
}

/** Stands between an app and its tables, its provider and Graph, and holds calls. */
export interface Gates {
  /** Settings that lead an app through here. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * Counts the calls of a request.
   * @param moment where the request stands still from then on. 1: before its first call goes out; 2: when that has had its
   *   effect, but its answer has not come; 3: before its second call
   */
  follow(moment?: number): Followed;
  /** Holds the next call that is meant, whatever request it is for. */
  holdNext(isMeant: (asked: Asked) => boolean, how: 'swallow' | 'withhold'): Promise<void>;
  close(): Promise<void>;
}

export async function startGates(facts: StackFacts): Promise<Gates> {
  const { entraUrl, authority, issuer, graphUrl, graphBaseUrl, tablesConnectionString } = facts;
  const tablesUrl = /http:\/\/127\.0\.0\.1:\d+/.exec(tablesConnectionString)?.[0] ?? '';
  const proxies = await Promise.all([
    // Browsers go to the provider directly.
    startRecordingProxy(entraUrl, (body, origin) =>
      body.replace(/("(?:token_endpoint|jwks_uri)":")http:\/\/[^/]+/g, `$1${origin}`),
    ),
    startRecordingProxy(graphUrl),
    startRecordingProxy(tablesUrl),
  ]);
  const [entra, graph, tables] = proxies;
  const followed = new Map<string, ReturnType<typeof createFollowed>>();
  let next: { isMeant: (asked: Asked) => boolean; how: Treatment; hold: () => void } | undefined;
  const holds = new Map<Asked, () => void>();
  const treat = (asked: Asked): Treatment => {
    if (next?.isMeant(asked) === true) {
      const { how, hold } = next;
      next = undefined;
      holds.set(asked, hold);
      return how;
    }
    const known = followed.get(traceOf(asked));
    const how = known?.call() ?? 'pass';
    if (known !== undefined && how !== 'pass') holds.set(asked, known.hold);
    return how;
  };
  for (const proxy of proxies) {
    proxy.treat = treat;
    proxy.onDone = (asked) => holds.get(asked)?.();
  }
  return {
    env: {
      ENTRA_AUTHORITY: authority.replace(entraUrl, entra.origin),
      ENTRA_ISSUER: issuer,
      GRAPH_BASE_URL: graphBaseUrl.replace(graphUrl, graph.origin),
      TABLES_CONNECTION_STRING: tablesConnectionString.replace(tablesUrl, tables.origin),
    },
    follow: (moment = Infinity) => {
      const trace = randomBytes(16).toString('hex');
      const one = createFollowed(trace, moment);
      followed.set(trace, one);
      return one;
    },
    holdNext: (isMeant, how) =>
      new Promise((resolve) => {
        next = { isMeant, how, hold: resolve };
      }),
    close: async () => {
      await Promise.all(proxies.map((proxy) => proxy.close()));
    },
  };
}

function createFollowed(trace: string, moment: number) {
  const { promise: held, resolve: hold } = Promise.withResolvers<unknown>();
  let calls = 0;
  return {
    headers: { traceparent: `00-${trace}-${randomBytes(8).toString('hex')}-01` },
    held,
    hold: () => {
      hold(undefined);
    },
    get calls() {
      return calls;
    },
    call: (): 'pass' | 'swallow' | 'withhold' => {
      calls += 1;
      const last = Math.ceil(moment / 2);
      if (calls < last) return 'pass';
      // Nothing follows the call that is held.
      return calls === last && moment % 2 === 0 ? 'withhold' : 'swallow';
    },
  };
}

function traceOf({ headers }: Asked): string {
  return String(headers['traceparent']).split('-')[1] ?? '';
}
