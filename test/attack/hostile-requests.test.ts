import { HttpRequest, type HttpResponseInit, InvocationContext } from '@azure/functions';
import fc from 'fast-check';
import { activityFunction } from '../../src/functions/activity';
import { adminFunctions } from '../../src/functions/admin';
import { createProxyFunctions } from '../../src/functions/api-proxy';
import { declareApis } from '../../src/tokens/apis';
import { createBrandFunction, createClientFunctions } from '../../src/functions/assets';
import { notFoundFunction } from '../../src/functions/front-end';
import { createHomeFunction } from '../../src/functions/home';
import { loginFunction } from '../../src/functions/login';
import { frontChannelLogoutFunction, logoutFunctions } from '../../src/functions/logout';
import { meFunctions, sessionFunction } from '../../src/functions/me';
import { createProtectedResourceFunction, sessionOrToken } from '../../src/sign-in/bearer-guard';
import { redirectFunction } from '../../src/functions/redirect';
import { sessionsFunctions } from '../../src/functions/sessions';
import { type HttpFunction, serve } from '../../src/http/endpoint';
import { signedIn } from '../../src/sign-in/guards';
import { type ContextFixture, createContextFixture, testSite } from '../support/context-fixture';
import { text } from '../support/hostile-values';
import { userOf } from '../support/session-fixture';
import { beginAttempt } from '../support/sign-in-fixture';
import { paths } from '../support/tiny-provider';

// Any request to any function gets an answer that a host can send. None is a 500, and none leads to another site.

let fixture: ContextFixture;
let cookie = '';
let state = '';
beforeAll(async () => {
  fixture = await createContextFixture({ API_AUDIENCE: 'api://notes' });
  // Graph and the API answer with nothing that is of use.
  fixture.tiny.answers.set('/me', { body: { id: '1' } });
  fixture.tiny.answers.set(paths.token, { status: 400, body: { error: 'invalid_grant' } });
  const begun = await beginAttempt(fixture);
  const administrator = { ...userOf(), roles: ['admin'] };
  cookie = `${(await fixture.signIn({ user: administrator })).cookie}; ${begun.cookie}`;
  state = begun.state;
});
afterAll(() => fixture.stop());

const notes = () => ({ jsonBody: [] });
const bearer: HttpFunction = {
  name: 'notes',
  route: '/notes',
  get: sessionOrToken(signedIn(notes), () => Promise.resolve(notes()), {
    scope: 'Notes.Read',
    userRoles: [],
    appRoles: [],
  }),
};

const functions = (): readonly HttpFunction[] => [
  ...[loginFunction, redirectFunction, sessionFunction, frontChannelLogoutFunction, bearer],
  ...[activityFunction, notFoundFunction, createHomeFunction(), createBrandFunction(testSite)],
  ...[...logoutFunctions, ...meFunctions, ...sessionsFunctions, ...adminFunctions],
  ...createClientFunctions(testSite),
  createProtectedResourceFunction(new Set(['Notes.Read'])),
  ...createProxyFunctions(
    declareApis({
      orders: { baseUrl: fixture.tiny.origin, scopes: ['api://orders/Read'], proxy: true },
    }),
    testSite,
  ),
];

const names = [
  ...['return_to', 'hop', 'code', 'state', 'error', 'error_description', 'iss', 'admin_consent'],
  ...['prompt', 'policy', 'keep', 'step', 'login_hint', 'domain_hint', 'scope', 'claims', 'sid'],
  ...['search', 'sort', 'page', 'from', 'user', 'kind', 'day', 'format', 'slide', 'everywhere'],
  ...['local', 'others', 'session', 'everybody', 'confirm', 'anteroom-bounced', 'anteroom-ended'],
];
const fields = fc.array(
  fc.tuple(
    fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...names) }, text),
    fc.oneof(text, fc.constantFrom('1', 'true', '/', 'STATE', 'A'.repeat(43), 'login', 'none')),
  ),
  { maxLength: 5 },
);
/** What a header can have: the host refuses the rest before any of our code. */
const headerText = text.map((value) => value.replace(/[^ -~\u0080-\u00ff]/g, '').trim());
const headers = fc.dictionary(
  fc.constantFrom(
    ...[
      'accept',
      'accept-language',
      'accept-encoding',
      'user-agent',
      'origin',
      'referer',
      'purpose',
    ],
    ...[
      'if-none-match',
      'x-requested-with',
      'authorization',
      'content-type',
      'x-csrf',
      'traceparent',
    ],
    ...['sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest', 'cookie', 'content-length', 'range'],
  ),
  fc.oneof(
    headerText,
    fc.constantFrom('navigate', 'same-origin', 'cross-site', 'document', 'iframe', 'text/html'),
    fc.constantFrom(
      '1',
      '*',
      'Bearer a.b.c',
      'Bearer eyJhbGciOiJSUzI1NiJ9.e30.AA',
      'application/json',
    ),
    fc.constantFrom('application/x-www-form-urlencoded', 'COOKIE', 'de;q=0.5, *'),
  ),
);
const request = fc.record({
  at: fc.nat(),
  method: fc.nat(),
  rest: fc.oneof(fc.constant(''), fc.webPath()),
  fields,
  headers,
  isSignedIn: fc.boolean(),
  body: fc.oneof(fc.constant(''), text, fc.json()),
});
type Asked = typeof request extends fc.Arbitrary<infer T> ? T : never;

async function send(asked: Asked): Promise<void> {
  const all = functions();
  const chosen = all[asked.at % all.length];
  if (chosen === undefined) throw new Error('no function');
  const { methods, handler } = serve(() => fixture.services, chosen);
  const method = methods[asked.method % methods.length] ?? 'GET';
  const path = chosen.route.startsWith('/') ? chosen.route : `/auth/${chosen.route}`;
  const query = new URLSearchParams(
    asked.fields.map(([name, value]) => [name, value === 'STATE' ? state : value]),
  );
  const url = `http://10.0.0.1${path.replace('/{*path}', asked.rest)}?${query.toString()}`;
  const given = Object.entries(asked.headers).map(([name, value]): [string, string] => [
    name,
    value === 'COOKIE' ? cookie : value,
  ]);
  const hasBody = !['GET', 'HEAD'].includes(method);
  const sent = new HttpRequest({
    method,
    url,
    headers: { ...Object.fromEntries(given), ...(asked.isSignedIn && { cookie }) },
    ...(hasBody && { body: { string: asked.body } }),
  });
  const invocation = new InvocationContext({ functionName: 'test', logHandler: () => undefined });
  const answer = await handler(sent, invocation);
  const { status = 200, headers: own = {}, cookies = [] } = answer as HttpResponseInit;
  const found = new Headers(own);
  expect([chosen.name, status]).not.toEqual([chosen.name, 500]);
  const location = found.get('location');
  const origins = ['http://localhost:7071', fixture.tiny.origin];
  if (location !== null) expect(origins).toContain(new URL(location, origins[0]).origin);
  for (const { name, value } of cookies) expect(`${name}=${value}`).toMatch(/^[\w-]+=[\w.-]*$/);
}

it('any request to any of our functions is answered, and no answer is a 500', async () => {
  await fc.assert(fc.asyncProperty(request, send), { seed: 17, numRuns: 800 });
});
