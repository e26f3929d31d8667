import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { JWTPayload } from 'jose';
import { createTokenVerifier, type TokenFault, type TokenVerifier } from '../entra/signing-keys';
import {
  answerControl,
  type ControlPanel,
  createApiFaults,
  createSwitch,
  createText,
  isString,
  takeFault,
} from '../loopback/control';
import { respond, startLoopbackServer } from '../loopback/server';
import { createFaultPanel } from '../loopback/control-page';
import {
  answerOrders,
  type Caller,
  countTraffic,
  createOrderBook,
  createTraffic,
  type OrderBook,
  problem,
  type Traffic,
} from './routes';

interface OrdersOptions {
  /** 0 or left out: a free one. */
  readonly port?: number;
  /** JWKS of the provider, the issuers of its access tokens, and the names of this API in `aud`. */
  readonly keysUrl: string;
  readonly consumersKeysUrl?: string | undefined;
  readonly issuers: readonly string[];
  readonly audiences: readonly string[];
}

export interface OrdersStandIn {
  /** Origin, `http://127.0.0.1:P`. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts the API `orders`, which people and apps call with an access token. Rejects when the port is taken. */
export async function startOrdersStandIn(options: OrdersOptions): Promise<OrdersStandIn> {
  const faults = createOrdersFaults();
  const traffic = createTraffic();
  const panel = createOrdersPanel(faults, traffic);
  const verifier = createTokenVerifier(options);
  const orders = createOrderBook();
  return startLoopbackServer({
    ...(options.port === undefined ? {} : { port: options.port }),
    createHandler: () =>
      Promise.resolve(async (request, response, url) => {
        const { pathname } = url;
        if (pathname === '/control' || pathname.startsWith('/control/')) {
          await answerControl(panel, request, response, pathname);
          return;
        }
        countTraffic(traffic, request, response, pathname);
        await answerApi({ faults, verifier, orders }, request, response, url);
      }),
  });
}

interface Api {
  readonly faults: OrdersFaults;
  readonly verifier: TokenVerifier;
  readonly orders: OrderBook;
}

async function answerApi(
  { faults, verifier, orders }: Api,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const isMeant = url.pathname.startsWith(faults.path.value);
  const answer = isMeant ? await takeFault(faults, response) : 'usual';
  if (answer === undefined) return;
  const caller = await identify(verifier, request, response);
  if (caller === undefined || isChallenged(faults, answer, caller, response)) return;
  if (!allows(caller, request.method, response)) return;
  if (answerByFault(faults, answer, response)) return;
  await answerOrders({ orders, caller }, request, response, url);
}

/** Who calls; undefined when the request was refused as RFC 6750 section 3 says. */
async function identify(
  verifier: TokenVerifier,
  { headers }: IncomingMessage,
  response: ServerResponse,
): Promise<Caller | undefined> {
  const token = /^bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (token === undefined) {
    // Without a token there is no error to name.
    problem(response, 401, 'No access token came.', { 'WWW-Authenticate': challenge({}) });
    return undefined;
  }
  const verified = await verifier.verify(token);
  if ('claims' in verified) return callerOf(verified.claims);
  const said = tokenFaults[verified.reason];
  const header = challenge({ error: 'invalid_token', error_description: said });
  problem(response, 401, said, { 'WWW-Authenticate': header });
  return undefined;
}

const tokenFaults: Readonly<Record<TokenFault, string>> = {
  expired: 'The access token has expired.',
  audience: 'The access token is for another API.',
  claims: 'The access token is of another issuer.',
  signature: 'The signature of the access token does not fit.',
};

function callerOf(claims: JWTPayload): Caller {
  const { scp, roles, acrs, oid, azp, appid } = claims;
  return {
    objectId: typeof oid === 'string' ? oid : '',
    app: textsOf([azp ?? appid])[0] ?? '',
    scopes: typeof scp === 'string' ? scp.split(' ') : [],
    // Roles of a person are not application permissions.
    roles: typeof scp === 'string' ? [] : textsOf(roles),
    acrs: textsOf(acrs),
  };
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

/**
 * A claims challenge: for an authentication context until a token has it, and on demand for a newer token.
 * https://learn.microsoft.com/entra/identity-platform/developer-guide-conditional-access-authentication-context
 */
function isChallenged(
  { context, challengeIsForbidden }: OrdersFaults,
  answer: OrderAnswer,
  { acrs }: Caller,
  response: ServerResponse,
): boolean {
  const isContextMissing = context.value !== '' && !acrs.includes(context.value);
  if (!isContextMissing && answer !== 'claims-challenge') return false;
  const wanted = isContextMissing
    ? { acrs: { essential: true, value: context.value } }
    : { nbf: { essential: true, value: String(Math.floor(Date.now() / 1000)) } };
  const claims = Buffer.from(JSON.stringify({ access_token: wanted })).toString('base64');
  problem(response, challengeIsForbidden.value ? 403 : 401, 'The access token lacks a claim.', {
    'WWW-Authenticate': challenge({
      authorization_uri: 'https://login.microsoftonline.com/common/oauth2/authorize',
      ...{ error: 'insufficient_claims', claims },
      ...(isContextMissing ? { cc_type: 'authcontext' } : {}),
    }),
  });
  return true;
}

/** Reading needs `Orders.Read` or `Orders.Write`, or the application permission; all else `Orders.Write`. */
function allows(caller: Caller, method = 'GET', response: ServerResponse): boolean {
  const { scopes, roles } = caller;
  const reads = method === 'GET' || method === 'HEAD';
  const isAllowed =
    scopes.includes('Orders.Write') ||
    (reads && (scopes.includes('Orders.Read') || roles.includes('Orders.Read.All')));
  if (isAllowed) return true;
  const header = challenge({
    error: 'insufficient_scope',
    scope: reads ? 'Orders.Read' : 'Orders.Write',
  });
  problem(response, 403, 'The access token does not allow this.', { 'WWW-Authenticate': header });
  return false;
}

function challenge(members: Readonly<Record<string, string>>): string {
  const pairs = Object.entries({ realm: 'orders', ...members });
  return `Bearer ${pairs.map(([name, value]) => `${name}="${value}"`).join(', ')}`;
}

/** Gives the answer that was set. False for those that only change the usual answer. */
function answerByFault(
  faults: OrdersFaults,
  answer: OrderAnswer,
  response: ServerResponse,
): boolean {
  const { retryAfter, redirectTo } = faults;
  const later = retryAfter.value === '' ? {} : { 'Retry-After': retryAfter.value };
  switch (answer) {
    case 'usual':
    case 'claims-challenge':
      return false;
    case 'sets-cookies':
      response.setHeader('Set-Cookie', [
        'orders=1; Path=/; HttpOnly',
        'theme=dark; Domain=localhost',
      ]);
      return false;
    case 'compressed': {
      const body = gzipSync(JSON.stringify({ compressed: true }));
      const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' };
      respond(response, 200, body, headers);
      return true;
    }
    case 'forbidden':
    case 'not-found':
    case 'too-many-requests':
    case 'error':
    case 'unavailable': {
      const [status, detail] = problems[answer];
      const isPassing = status === 429 || status === 503;
      problem(response, status, detail, isPassing ? later : {});
      return true;
    }
    case 'redirect':
      response.writeHead(302, { Location: redirectTo.value }).end();
      return true;
    case 'lying-type':
    case 'page':
      respond(response, 200, page, typeOfPage[answer]);
      return true;
    case 'cut':
    case 'cut-at-once':
      sendCut(response, answer === 'cut' ? '{"value":[' : '');
      return true;
    case 'endless':
      sendForEver(response);
      return true;
  }
}

const problems = {
  forbidden: [403, 'You may not see this order.'],
  'not-found': [404, 'There is no such order.'],
  'too-many-requests': [429, 'Too many requests.'],
  error: [500, 'The API has a fault of its own.'],
  unavailable: [503, 'The API is being repaired.'],
} as const;

const typeOfPage = {
  'lying-type': { 'Content-Type': 'application/json' },
  page: { 'Content-Type': 'text/html' },
};

const page = `<!doctype html><title>API</title><script>document.title = 'ran'</script>
<form action="/api/auth/logout" method="post"><button>Show</button></form>`;

/** The headers promise a whole body, and only `part` of it comes. */
function sendCut(response: ServerResponse, part: string): void {
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': 1000 });
  response.flushHeaders();
  response.write(part, () => response.destroy());
}

function sendForEver(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  const chunk = ' '.repeat(64 * 1024);
  const more = (): void => {
    while (!response.destroyed && response.write(chunk));
    response.once('drain', more);
  };
  more();
}

/**
 * What the API can answer in place of its usual answer:
 *
 * - `redirect`: 302 to the address in `redirectTo`, which may be another host.
 * - `endless`: a body that does not end. `cut`: a body that breaks off before its announced length;
 *   `cut-at-once`: before its first byte.
 * - `lying-type`: HTML that says it is JSON. `page`: a page with a script, and with a form that would sign the person out.
 * - `sets-cookies`: the usual answer with two cookies. `compressed`: the usual answer, gzipped.
 */
const orderAnswers = [
  'usual',
  'claims-challenge',
  'forbidden',
  'not-found',
  'too-many-requests',
  'error',
  'unavailable',
  'redirect',
  'endless',
  'cut',
  'cut-at-once',
  'lying-type',
  'page',
  'sets-cookies',
  'compressed',
] as const;

type OrderAnswer = (typeof orderAnswers)[number];

type OrdersFaults = ReturnType<typeof createOrdersFaults>;

const contextPattern = /^(c[1-9][0-9]?)?$/;
const isContext = (input: unknown): input is string =>
  isString(input) && contextPattern.test(input);

/** Everything a test can make the API do wrong: `POST /control`. */
export function createOrdersFaults() {
  return {
    ...createApiFaults(orderAnswers),
    /** Where `redirect` leads. */
    redirectTo: createText('https://elsewhere.example/orders', 'a text: a URL'),
    /** `Retry-After` of 429 and 503: seconds or a date; empty for none. */
    retryAfter: createText('1', 'a text: seconds or a date, or empty', { placeholder: 'none' }),
    /** The beginning of the paths that the faults change: `/export`. Empty: all. */
    path: createText('', 'a text: the beginning of a path, or empty'),
    /** The authentication context that a token must have for every request; empty: none. */
    context: createText('', 'a text: c1 to c99, or empty', {
      accepts: isContext,
      placeholder: 'none',
    }),
    /** Whether a challenge is 403. Microsoft's libraries take 401 and 403 alike. */
    challengeIsForbidden: createSwitch(false),
  };
}

/** What `/control` of the API offers: how it answers, how late, and what proof it wants. */
export function createOrdersPanel(faults: OrdersFaults, traffic: Traffic): ControlPanel {
  return createFaultPanel({
    of: 'the API orders',
    controls: { ...faults, traffic: traffic.control },
    forms: {
      answers: {
        legend: 'Answers',
        button: 'Set the answers',
        fields: {
          answer: 'Answer',
          redirectTo: 'Where a redirect leads',
          retryAfter: 'Retry-After: seconds or a date',
          outage: 'Outage',
          delayMs: 'Delay, in milliseconds',
          times: 'How many requests',
          path: 'Only for paths that begin with',
        },
      },
      proof: {
        legend: 'Proof',
        button: 'Set the proof',
        fields: {
          context: 'Authentication context that a token needs',
          challengeIsForbidden: 'a challenge is 403',
        },
      },
    },
    intro: () => {
      const { answered, left } = traffic.control.value;
      return `${answered} requests answered, ${left} left by the caller before the end.`;
    },
  });
}
