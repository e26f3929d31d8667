import { servicesOrFaults } from '../../src/anteroom';
import { german } from '../../src/texts/de';
import { HttpRequest, type HttpResponseInit, type InvocationContext } from '@azure/functions';
import { meaningOf, numbersOf, refusalRows } from '../../src/entra/refusal-table';
import { type ErrorCode, factsOf } from '../../src/error-facts';
import {
  AppError,
  type ProviderRefusal,
  RoleMissingError,
  SignInNeededError,
  SignInRefusedError,
  StepUpError,
  TenantRefusedError,
} from '../../src/errors';
import { endpoint } from '../../src/http/endpoint';
import { errorLinks, loginPathIn } from '../../src/http/error-links';
import { answerError } from '../../src/http/error-response';
import { securityHeaders } from '../../src/http/responses';
import {
  browserHeaders,
  createContextFixture,
  type ContextFixture,
  type TestContext,
  testSite,
} from '../support/context-fixture';
import type { Site } from '../../src/pages/layout';
import { userOf } from '../support/session-fixture';
import { words } from '../support/test-browser';

let fixture: ContextFixture;

beforeAll(async () => {
  fixture = await createContextFixture();
});
afterAll(() => fixture.stop());

const browser = (path = '/reports', method = 'GET') =>
  fixture.context(path, { method, headers: browserHeaders });
const client = (path = '/reports') => fixture.context(path, { headers: {} });

/** The same in an app whose pages stand elsewhere. */
function under(site: Partial<Site>, context: TestContext): TestContext {
  const { services } = context;
  return { ...context, services: { ...services, site: { ...services.site, ...site } } };
}

function pageOf(error: unknown, context: TestContext = browser()) {
  const answer = answerError(error, context);
  const text = textOf(answer);
  const links = [...text.matchAll(/<a class="button[^"]*" href="([^"]*)">([^<]*)</g)].map(
    ([, href = '', label = '']) => `${label} ${href.replaceAll('&amp;', '&')}`,
  );
  return { ...described(answer), text, words: words(text), links };
}

function jsonOf(error: unknown, context: TestContext = client()) {
  const answer = answerError(error, context);
  return { ...described(answer), body: JSON.parse(textOf(answer)) as unknown };
}

function textOf({ body }: HttpResponseInit): string {
  return typeof body === 'string' ? body : '';
}

function described({ status, headers }: HttpResponseInit) {
  return { status, headers: new Headers(headers) };
}

/** Their log lines must stay where the host drops what is only information. */
const ofElsewhere: readonly ErrorCode[] = [
  'ERR_WRONG_TENANT',
  'ERR_TENANT_NOT_ALLOWED',
  'ERR_PERSONAL_ACCOUNT',
  'ERR_OTHER_ISSUER',
  'ERR_SIGN_IN_REFUSED_BY_APP',
];

const statuses: Record<ErrorCode, number> = {
  ERR_SETTINGS: 503,
  ERR_SIGNED_OUT: 401,
  ERR_ROLE_MISSING: 403,
  ERR_BEARER_TOKEN: 401,
  ERR_SCOPE_MISSING: 403,
  ERR_APP_ROLE_MISSING: 403,
  ERR_CLAIMS_NEEDED: 401,
  ERR_CONSENT_NEEDED: 403,
  ERR_CROSS_SITE: 403,
  ERR_MEDIA_TYPE: 415,
  ERR_CSRF_HEADER: 403,
  ERR_NOT_A_NAVIGATION: 400,
  ERR_PREFETCH: 403,
  ERR_BODY_TOO_LARGE: 413,
  ERR_BAD_REQUEST: 400,
  ERR_PAGE_TOO_LONG: 414,
  ERR_PAGE_LOST: 404,
  ERR_CONSENT_DECLINED: 403,
  ERR_SIGN_IN_UNSOLICITED: 400,
  ERR_SIGN_IN_LOST: 400,
  ERR_SIGN_IN_REFUSED: 403,
  ERR_SIGN_IN_REFUSED_BY_APP: 403,
  ERR_SIGN_IN_CHECK_FAILED: 502,
  ERR_SIGN_IN_EXPIRED: 400,
  ERR_ID_TOKEN: 502,
  ERR_WRONG_TENANT: 403,
  ERR_TENANT_NOT_ALLOWED: 403,
  ERR_PERSONAL_ACCOUNT: 403,
  ERR_STEP_UP: 401,
  ERR_STEP_UP_UNMET: 403,
  ERR_PROVIDER_UNAVAILABLE: 503,
  ERR_PROVIDER_MISMATCH: 502,
  ERR_PROVIDER_REFUSED: 502,
  ERR_TOKEN_SIZE: 502,
  ERR_TOO_MANY_ROLES: 502,
  ERR_GROUPS_UNAVAILABLE: 503,
  ERR_GROUPS_REFUSED: 502,
  ERR_OTHER_ISSUER: 400,
  ERR_CLOCK: 503,
  ERR_API_UNAVAILABLE: 503,
  ERR_API_REFUSED: 502,
  ERR_API_SETTINGS: 503,
  ERR_NOT_FOUND: 404,
  ERR_SESSION_CHANGED: 409,
  ERR_SESSION_GONE: 404,
  ERR_STORAGE_UNAVAILABLE: 503,
  ERR_STORAGE_LIMIT: 502,
  ERR_KEYS_UNAVAILABLE: 503,
  ERR_DEADLINE: 503,
  ERR_INTERNAL: 500,
};
const codes = Object.keys(statuses).filter((code): code is ErrorCode => code in statuses);

describe('answerError', () => {
  it.each(codes)('answers %s with a page and with problem details', (code) => {
    const { title, detail } = factsOf(code);
    const page = pageOf(new AppError(code, { note: 'for the log only' }));
    expect([page.status, page.headers.get('content-type')]).toEqual([
      statuses[code],
      'text/html; charset=utf-8',
    ]);
    for (const text of [title, detail, code, 'invocation-1']) expect(page.words).toContain(text);
    expect(page.words).not.toContain('for the log only');
    expect(page.links).not.toEqual([]);

    const json = jsonOf(new AppError(code, { note: 'for the log only' }));
    expect([json.status, json.headers.get('content-type')]).toEqual([
      statuses[code],
      'application/problem+json',
    ]);
    expect(json.body).toEqual({
      type: 'about:blank',
      title,
      status: statuses[code],
      detail,
      code,
      correlation_id: 'invocation-1',
    });
  });

  it.each(codes)('says on both when to come back, if and only if %s passes', (code) => {
    const expected = statuses[code] === 503 ? (code.endsWith('_SETTINGS') ? '60' : '10') : null;
    expect(pageOf(new AppError(code)).headers.get('retry-after')).toBe(expected);
    expect(jsonOf(new AppError(code)).headers.get('retry-after')).toBe(expected);
  });

  it.each(codes)(
    'logs %s with its code and note, as an error where the app is at fault',
    (code) => {
      const context = client();
      answerError(new AppError(code, { note: 'what happened' }), context);
      const level = statuses[code] >= 500 ? 'error' : ofElsewhere.includes(code) ? 'warn' : 'info';
      expect(context.told).toMatchObject([{ level, code, note: 'what happened' }]);
    },
  );
});

describe('answerError, for somebody who reads German', () => {
  const headers = { ...browserHeaders, 'accept-language': 'de-DE,de;q=0.9,en;q=0.8' };
  const germanBrowser = (path = '/reports') => fixture.context(path, { headers });

  it.each(codes)('shows %s in German', (code) => {
    const page = pageOf(new AppError(code), germanBrowser());
    const { title, detail } = german.errors[code];
    for (const text of [title, detail, code]) expect(page.words).toContain(text);
    expect(page.words).not.toContain(factsOf(code).title);
    expect(page.text).toContain('<html lang="de" dir="ltr">');
    expect([page.headers.get('content-language'), page.headers.get('vary')]).toEqual([
      ...['de', 'Accept-Language'],
    ]);
  });

  it.each(refusalRows)('says in German what $aadsts $b2c means', (row) => {
    const [number = ''] = numbersOf(row);
    const refusal = new SignInRefusedError({ error: 'access_denied', number });
    const page = pageOf(refusal, germanBrowser('/auth/redirect'));
    const { meaning, action } = german.refusals[row.text];
    for (const text of [meaning, action, number]) expect(page.words).toContain(text);
    for (const text of [row.meaning, row.action]) expect(page.words).not.toContain(text);
    for (const link of page.links) expect(link).toMatch(/^(Erneut|Anderes|Zur)/);
  });

  it('names role and API in a German sentence', () => {
    expect(pageOf(new RoleMissingError('admin'), germanBrowser()).words).toMatch(
      /Die Rolle heißt admin\s?\./,
    );
    const refused = new AppError('ERR_API_REFUSED', { api: 'orders' });
    expect(pageOf(refused, germanBrowser()).words).toMatch(/Die API heißt orders\s?\./);
  });

  it('shows a team’s own texts as they are', () => {
    const page = pageOf(new NotPaidError(), germanBrowser());
    expect(page.words).toContain('This order is not paid');
    expect(page.links).toEqual(['Erneut versuchen /reports', 'Zur Startseite /']);
  });

  it('answers a program in English', () => {
    const json = { accept: 'application/json', 'accept-language': 'de' };
    const { body } = jsonOf(
      new AppError('ERR_NOT_FOUND'),
      fixture.context('/a', { headers: json }),
    );
    expect(body).toMatchObject({ title: 'There is nothing here' });
  });
});

/** As a team writes it. */
class NotPaidError extends AppError {
  constructor(note?: string) {
    super(
      {
        ...{ code: 'NOT_PAID', status: 402, retryAfterSeconds: 60 },
        title: 'This order is not paid',
        detail: 'Pay it on the page of the order. <b>Then</b> come back.',
      },
      note === undefined ? {} : { note },
    );
  }
}

describe('an error of a team', () => {
  it('becomes a page with its own texts, escaped', () => {
    const page = pageOf(new NotPaidError('order 17'));
    expect([page.status, page.headers.get('retry-after')]).toEqual([402, '60']);
    const shown = [
      'This order is not paid',
      'Pay it on',
      '<b>Then</b>',
      'NOT_PAID',
      'invocation-1',
    ];
    for (const text of shown) expect(page.words).toContain(text);
    expect(page.words).not.toContain('order 17');
    expect(page.links).toEqual(['Try again /reports', 'Go to the home page /']);
  });

  it('becomes problem details with its own code', () => {
    const json = jsonOf(new NotPaidError('order 17'));
    expect([json.status, json.headers.get('retry-after')]).toEqual([402, '60']);
    expect(json.body).toEqual({
      type: 'about:blank',
      title: 'This order is not paid',
      status: 402,
      detail: 'Pay it on the page of the order. <b>Then</b> come back.',
      code: 'NOT_PAID',
      correlation_id: 'invocation-1',
    });
  });

  it('is logged once, with its note, and as an error from status 500 on', () => {
    const context = client();
    answerError(new NotPaidError('order 17'), context);
    const down = { code: 'SHOP_DOWN', status: 503, title: 'Closed', detail: 'Come back later.' };
    answerError(new AppError(down), context);
    expect(context.told).toEqual([
      {
        ...{ level: 'info', event: 'request refused', outcome: 'refused' },
        ...{ code: 'NOT_PAID', note: 'order 17' },
      },
      { level: 'error', event: 'request failed', outcome: 'failed', code: 'SHOP_DOWN' },
    ]);
  });

  it.each([
    [{ code: 'ERR_NOT_PAID' }, 'not begin with ERR_'],
    [{ code: 'not paid' }, 'capital letters'],
    [{ status: 200 }, 'from 400 to 599'],
    [{ status: 402.5 }, 'from 400 to 599'],
    [{ title: undefined as unknown as string }, 'must be texts'],
    [{ tone: 'sad' as 'ours' }, 'tone must be one of'],
  ])('is refused with %j', (wrong, reason) => {
    const facts = { code: 'NOT_PAID', status: 402, title: 'Not paid', detail: 'Pay it.' };
    expect(() => new AppError({ ...facts, ...wrong })).toThrow(TypeError);
    expect(() => new AppError({ ...facts, ...wrong })).toThrow(reason);
  });

  it.each(['NOT_PAID', 'toString', ''])(
    'is refused with the code %j alone, which would be answered with 200',
    (code) => {
      expect(() => new AppError(code as ErrorCode)).toThrow(TypeError);
    },
  );

  it('says whole seconds until a retry, as the header wants them', () => {
    const busy = { code: 'BUSY', status: 503, title: 'Busy', detail: 'Wait.' };
    const answer = jsonOf(new AppError({ ...busy, retryAfterSeconds: 1.5 }));
    expect(answer.headers.get('retry-after')).toBe('2');
  });
});

describe('answerError, in the log', () => {
  const correlationId = '7f1c0b1e-1111-4222-8333-0123456789ab';

  it('leaves one event for a refusal, with all that finds it at the provider', () => {
    const context = client();
    context.visitor.person = { userKey: 'somebodySomebody', name: 'Ada', username: 'ada' };
    const refusal = {
      error: 'invalid_client',
      suberror: 'bad_token',
      number: 'AADSTS7000222',
      correlationId,
      where: 'refresh' as const,
    };
    answerError(new AppError('ERR_PROVIDER_REFUSED', { refusal }), context);
    expect(context.told).toEqual([
      {
        level: 'error',
        event: 'refresh refused',
        outcome: 'failed',
        code: 'ERR_PROVIDER_REFUSED',
        kind: 'app',
        where: 'refresh',
        error: 'invalid_client',
        suberror: 'bad_token',
        number: 'AADSTS7000222',
        correlation: correlationId,
        by: 'somebody',
      },
    ]);
  });

  it.each([
    ['a person', 'AADSTS50105', 'warn'],
    ['an unknown number', 'AADSTS99999', 'warn'],
    ['the app', 'AADSTS7000112', 'error'],
    ['what the app asked for', 'AADSTS650057', 'error'],
  ])('warns of a refusal of %s, %s, at level %s', (_what, number, level) => {
    const context = client();
    const refusal = { error: 'access_denied', number, where: 'redirect' as const };
    answerError(new SignInRefusedError(refusal), context);
    expect(context.told).toMatchObject([{ level, event: 'sign-in refused', number }]);
  });

  it('leaves it for a step-up as well, whose cause it is', () => {
    const context = client();
    const refusal = { error: 'invalid_grant', number: 'AADSTS70043', where: 'refresh' as const };
    const cause = new StepUpError({ scopes: [] }, { refusal });
    answerError(new SignInNeededError('ERR_STEP_UP', '/auth/login', { cause }), context);
    expect(context.told).toMatchObject([
      { event: 'step-up', outcome: 'asked', number: 'AADSTS70043' },
    ]);
  });

  it('names who lacks a role, by the prefix of the user key', () => {
    const context = client();
    context.visitor.person = { userKey: 'somebodySomebody', name: 'Ada', username: 'ada' };
    answerError(new RoleMissingError('admin'), context);
    expect(context.told).toEqual([
      {
        ...{ level: 'info', event: 'role denied', outcome: 'refused', by: 'somebody' },
        ...{ code: 'ERR_ROLE_MISSING', note: 'needs the app role admin' },
      },
    ]);
  });
});

describe('answerError, for an error nobody foresaw', () => {
  it.each<[string, unknown]>([
    ['an error', new TypeError('hunter2')],
    ['a text', 'hunter2'],
    ['an object', { code: 'ERR_ROLE_MISSING', status: 403, role: 'hunter2' }],
    ['nothing', undefined],
  ])('answers 500 and shows nothing of %s', (_name, error) => {
    const page = pageOf(error);
    expect([page.status, page.words.includes('ERR_INTERNAL')]).toEqual([500, true]);
    expect(page.text).not.toMatch(/hunter2|TypeError/);
    expect(jsonOf(error).body).toMatchObject({ status: 500, code: 'ERR_INTERNAL' });
  });

  it('blames the deadline once it has passed, whatever was thrown', () => {
    const context = fixture.context('/reports', { signal: AbortSignal.abort() });
    const answer = answerError(new TypeError('terminated'), context);
    expect(answer.status).toBe(503);
    expect(context.lines.join()).toContain('ERR_DEADLINE');
    const known = new AppError('ERR_NOT_FOUND');
    expect(answerError(known, context).status).toBe(404);
  });

  it('says when to try again as the service that failed said it', () => {
    const error = new AppError('ERR_API_UNAVAILABLE', { retryAfterSeconds: 37 });
    expect(jsonOf(error).headers.get('retry-after')).toBe('37');
    expect(pageOf(error).headers.get('retry-after')).toBe('37');
    const silent = new AppError('ERR_API_UNAVAILABLE');
    expect(jsonOf(silent).headers.get('retry-after')).toBe('10');
  });

  it('names the API that failed, to people and to clients', () => {
    const error = new AppError('ERR_API_REFUSED', { api: 'orders', note: 'for the log' });
    expect(pageOf(error).words).toContain('The API is named orders .');
    expect(jsonOf(error).body).toMatchObject({ code: 'ERR_API_REFUSED', api: 'orders' });
    expect(jsonOf(new AppError('ERR_NOT_FOUND')).body).not.toHaveProperty('api');
  });

  it('logs the names and places of causes, never what they say', () => {
    const context = client();
    const deep = Object.assign(new RangeError('code=hunter2'), { code: 'ECONNRESET' });
    const cause = new TypeError('a token\n    at hunter2 of hunter2:1:1', { cause: deep });
    answerError(new AppError('ERR_API_UNAVAILABLE', { note: 'no answer', cause }), context);
    expect(context.lines).toHaveLength(1);
    const [line = ''] = context.lines;
    expect(context.told).toMatchObject([
      {
        ...{ level: 'error', code: 'ERR_API_UNAVAILABLE', note: 'no answer' },
        causes: [
          expect.stringMatching(/^TypeError at /),
          expect.stringMatching(/^RangeError ECONNRESET at /),
        ],
      },
    ]);
    expect(line).toContain('error-response.test.ts');
    expect(line).not.toContain('hunter2');
    expect(line).not.toContain('\n');
  });

  it('logs no code and no name of a cause that could be a secret', () => {
    const context = client();
    const secrets = { code: 'Ab1~hunter2-of-the-app', name: 'hunter2.Ab1' };
    const cause = Object.assign(new Error('quoted'), secrets);
    answerError(new AppError('ERR_API_UNAVAILABLE', { cause }), context);
    expect(context.told[0]?.['causes']).toEqual([expect.stringMatching(/^Error at /)]);
    expect(context.lines.join('')).not.toContain('hunter2');
  });

  it('logs the note of a cause of our own, which says what is wrong', () => {
    const context = client();
    const cause = new AppError('ERR_KEYS_UNAVAILABLE', {
      note: 'Key Vault answered 403 Forbidden',
    });
    answerError(
      new AppError('ERR_KEYS_UNAVAILABLE', { note: 'a key could not be made', cause }),
      context,
    );
    expect(context.told[0]?.['causes']).toEqual([
      expect.stringMatching(/ERR_KEYS_UNAVAILABLE: Key Vault answered 403 Forbidden at /),
    ]);
  });

  it('follows causes that go in a circle for a while only', () => {
    const error = new Error('round');
    error.cause = error;
    const context = client();
    answerError(error, context);
    expect(context.told[0]?.['causes']).toHaveLength(4);
  });

  it('logs no causes of what the visitor did', () => {
    const context = client();
    answerError(new AppError('ERR_BAD_REQUEST', { cause: new Error('hunter2') }), context);
    expect(context.told).toEqual([
      { level: 'info', event: 'request refused', outcome: 'refused', code: 'ERR_BAD_REQUEST' },
    ]);
  });
});

describe('answerError, where signing in helps', () => {
  const path = '/auth/login?return_to=%2Freports';
  const url = `http://localhost:7071${path}`;

  it('sends a browser there, and tells another client', () => {
    const error = new SignInNeededError('ERR_SIGNED_OUT', path);
    const page = described(answerError(error, browser()));
    expect([page.status, page.headers.get('location')]).toEqual([302, url]);
    const json = jsonOf(error);
    expect(json.status).toBe(401);
    expect(json.body).toMatchObject({ code: 'ERR_SIGNED_OUT', login_url: url });
  });

  it('shows a page after a form, whose redirect to the provider a browser would stop', () => {
    const page = pageOf(new SignInNeededError('ERR_SIGNED_OUT', path), browser('/x', 'POST'));
    expect(page.status).toBe(200);
    expect(page.headers.get('location')).toBeNull();
    expect(page.links).toEqual([`Continue ${url}`]);
  });

  it('lets the person decide when the step just made did not help', () => {
    const error = new SignInNeededError('ERR_STEP_UP', path, { isRepeated: true });
    const page = pageOf(error);
    expect([page.status, page.headers.get('location')]).toEqual([401, null]);
    expect(page.links).toEqual([`Continue ${path}`, 'Go to the home page /']);
    expect(page.text).not.toContain('http-equiv="refresh"');
    expect(jsonOf(error).body).toMatchObject({
      code: 'ERR_STEP_UP',
      login_url: url,
      repeated: true,
    });
  });

  it('goes nowhere for a step-up that no guard has made a way for', () => {
    const page = pageOf(new StepUpError({ scopes: ['Mail.Read'] }));
    expect([page.status, page.links]).toEqual([401, ['Go to the home page /']]);
  });
});

const pickerPath = '/auth/login?return_to=%2F&prompt=select_account';
const otherAccount = `Use another account ${pickerPath}`;

describe('answerError, where it is known who is signed in', () => {
  const user = { ...userOf(), name: 'Tomás <b>', username: 'tomas@contoso.example' };
  const errors = [
    new RoleMissingError('admin'),
    new AppError('ERR_SESSION_GONE'),
    new AppError('ERR_API_UNAVAILABLE'),
    new AppError('ERR_INTERNAL'),
    new SignInNeededError('ERR_STEP_UP', '/auth/login?step=a', { isRepeated: true }),
  ];

  it.each(errors)('names them on the page of $code, with the menu and a way out', (error) => {
    const context = browser();
    context.visitor.user = user;
    const page = pageOf(error, context);
    const [, main = ''] = page.text.split('<main');
    expect(words(main)).toContain('Signed in as Tomás <b> ( tomas@contoso.example )');
    expect(page.text).toContain('<nav aria-label="Main">');
    expect(page.text.match(/action="\/auth\/logout"/g)).toHaveLength(1);
  });

  it('needs no user name: Azure AD B2C sends none', () => {
    const context = browser();
    context.visitor.user = { ...user, username: '' };
    const { text } = pageOf(new AppError('ERR_SESSION_GONE'), context);
    expect(text).toContain('Signed in as <bdi>Tomás &lt;b></bdi></p>');
  });

  it.each(errors)('names nobody on the page of $code where it is not known', (error) => {
    const page = pageOf(error);
    expect(page.words).not.toContain('Signed in as');
    expect(page.text).not.toContain('<nav');
  });

  it('tells other clients nothing of it', () => {
    const context = client();
    context.visitor.user = user;
    for (const error of errors) {
      expect(jsonOf(error, context).body).toEqual(jsonOf(error).body);
    }
  });
});

describe('answerError, on a page', () => {
  it('names the missing role, escaped, and offers the page to another account', () => {
    const page = pageOf(
      new RoleMissingError('<b>reader</b>'),
      browser('/reports?a=1&anteroom-bounced=1'),
    );
    expect(page.text).toContain('<code>&lt;b>reader&lt;/b></code>');
    expect(page.links).toEqual([
      'Go to the home page /',
      'Use another account /auth/login?return_to=%2Freports%3Fa%3D1&prompt=select_account',
    ]);
    expect(pageOf(new RoleMissingError('reader'), browser('/reports', 'POST')).links).toEqual([
      'Go to the home page /',
      otherAccount,
    ]);
    expect(jsonOf(new RoleMissingError('reader')).body).toMatchObject({ role: 'reader' });
  });

  it('promises no more of a role just given than every setting keeps', () => {
    const { words: said } = pageOf(new RoleMissingError('reader'));
    expect(said).toContain('by itself after a while, or at once when you sign out and');
  });

  const passing = 'Not your fault';
  const ask = 'Somebody else must act';
  const cancelled = 'You cancelled';
  const ours = 'It is our fault';
  const yours = 'You can solve this';
  const labelled = [passing, ask, cancelled, ours, yours];
  const shop = { code: 'SHOP', title: 'The shop is closed', detail: 'Come back later.' };

  it.each<[string, AppError]>([
    [passing, new AppError('ERR_PROVIDER_UNAVAILABLE')],
    [passing, new AppError('ERR_STORAGE_UNAVAILABLE')],
    [ours, new AppError('ERR_INTERNAL')],
    [ask, new RoleMissingError('reader')],
    [yours, new AppError('ERR_SIGN_IN_LOST')],
    ['', new AppError('ERR_NOT_FOUND')],
    [ask, new SignInRefusedError({ error: 'access_denied', number: 'AADSTS50105' })],
    [cancelled, new SignInRefusedError({ error: 'access_denied', number: 'AADSTS65004' })],
    [cancelled, new SignInRefusedError({ error: 'access_denied', suberror: 'cancel' })],
    [cancelled, new SignInRefusedError({ error: 'access_denied', number: 'AADB2C90091' })],
    [yours, new SignInRefusedError({ error: 'access_denied' })],
    [ours, new SignInRefusedError({ error: 'invalid_client', number: 'AADSTS7000222' })],
    ['', new SignInRefusedError({ error: 'invalid_grant', number: 'AADSTS99999' })],
    [ours, new AppError({ ...shop, status: 500 })],
    [passing, new AppError({ ...shop, status: 503, retryAfterSeconds: 60 })],
    ['', new AppError({ ...shop, status: 402 })],
    [yours, new AppError({ ...shop, status: 402, tone: 'yours' })],
  ])('says whose turn it is: %j', (label, error) => {
    const page = pageOf(error);
    expect(labelled.filter((one) => page.text.includes(`>${one}<`))).toEqual(
      label === '' ? [] : [label],
    );
    // The picture says no more than the words.
    expect(page.text).toMatch(/<span class="picture \w+"><svg[^>]* aria-hidden="true"/);
  });

  it('speaks of no refusal where the person cancelled', () => {
    const refusal = { error: 'access_denied', suberror: 'cancel' };
    const page = pageOf(new SignInRefusedError(refusal), browser('/auth/redirect?code=a'));
    const [, main = ''] = page.text.split('<main');
    expect(words(main)).toContain('The sign-in was cancelled');
    expect(words(main)).toContain('You cancelled the sign-in.');
    expect(words(main)).not.toMatch(/refused|did not let you/);
    expect(page.links[0]).toMatch(/^Sign in again /);
  });

  it('explains a refusal of the provider, with what can be looked up', () => {
    const correlationId = '7f1c0b1e-1111-4222-8333-0123456789ab';
    const refusal = { error: 'access_denied', number: 'AADSTS50105', correlationId };
    const page = pageOf(new SignInRefusedError(refusal), browser('/auth/redirect?code=a'));
    expect(page.words).toContain('Your account is not assigned to this app.');
    expect(page.words).toContain('An administrator of your organisation must act:');
    expect(page.words).toContain('AADSTS50105');
    expect(page.words).toContain(correlationId);
    const json = jsonOf(new SignInRefusedError(refusal));
    expect(json.body).toMatchObject({
      code: 'ERR_SIGN_IN_REFUSED',
      correlation_id: 'invocation-1',
      aadsts: '50105',
      number: 'AADSTS50105',
      provider_correlation_id: correlationId,
      meaning: 'Your account is not assigned to this app.',
      must_act: 'administrator',
    });
  });

  it.each<[ErrorCode, ProviderRefusal]>([
    ['ERR_PROVIDER_UNAVAILABLE', { error: 'too_many_requests', number: 'AADSTS99999' }],
    ['ERR_PROVIDER_UNAVAILABLE', { error: 'invalid_client', number: 'AADSTS7000222' }],
    ['ERR_SIGN_IN_EXPIRED', { error: 'invalid_grant' }],
  ])('of another meaning than %s is told by its number alone: %j', (code, refused) => {
    const correlationId = '7f1c0b1e-1111-4222-8333-0123456789ab';
    const error = new AppError(code, { refusal: { ...refused, correlationId } });
    const { words: text } = pageOf(error);
    expect(text).toContain(correlationId);
    expect(text).not.toContain('must act');
    const { body } = jsonOf(error);
    expect(body).toMatchObject({ code, provider_correlation_id: correlationId });
    expect(body).not.toHaveProperty('meaning');
    expect(body).not.toHaveProperty('must_act');
  });

  const labelOf = (refusal: ProviderRefusal): string => {
    const { links } = pageOf(new SignInRefusedError(refusal), browser('/auth/redirect?code=a'));
    const [first = '', second] = links;
    expect([first.endsWith(pickerPath), second]).toEqual([true, 'Go to the home page /']);
    return first.slice(0, -pickerPath.length).trim();
  };

  it('lets whoever did not agree sign in again, as the text says', () => {
    expect(labelOf({ error: 'access_denied', number: 'AADSTS65004' })).toBe('Sign in again');
  });

  it.each(refusalRows)('has a button that agrees with the text of $aadsts $b2c', (row) => {
    const [number = ''] = numbersOf(row);
    const { kind, actor, action } = meaningOf({ error: 'access_denied', number });
    const label = labelOf({ error: 'access_denied', number });
    expect(label === 'Try again').toBe(kind === 'passing');
    const isOfTheAccount = kind === 'person' || kind === 'policy';
    if (actor === 'administrator') {
      expect(label).toBe(isOfTheAccount ? 'Use another account' : 'Sign in again');
    }
    // Of the person, only what another account or device mends is no signing in again.
    if (actor === 'you') {
      expect(/^(Use|Sign in with)\b/.test(action)).toBe(label === 'Use another account');
    }
  });

  it.each([
    ['access_denied', 'Sign in again', undefined],
    ['consent_required', 'Sign in again', undefined],
    ['account_selection_required', 'Sign in again', undefined],
    ['invalid_client', 'Sign in again', undefined],
    ['nobody_knows', 'Sign in again', undefined],
    ['temporarily_unavailable', 'Try again', undefined],
    ['server_error', 'Try again', undefined],
    ['server_error', 'Try again', 'AADSTS90033'],
    ['server_error', 'Sign in again', 'AADSTS50126'],
  ])('has a button that agrees with its text for %s: %s', (error, label, number) => {
    expect(labelOf({ error, ...(number !== undefined && { number }) })).toBe(label);
  });

  it('shows a number that nobody knows as it is, and blames nothing else for it', () => {
    const refusal = { error: 'invalid_grant', number: 'AADSTS99999' };
    const { words: said } = pageOf(new SignInRefusedError(refusal));
    expect(said).toContain('AADSTS99999');
    expect(said).toContain('for a reason that this app does not know');
    expect(said).not.toMatch(/too long|did not answer|cannot be reached/);
  });

  it('says of an app that is not accepted who must change what, and how to find it', () => {
    const correlationId = '7f1c0b1e-1111-4222-8333-0123456789ab';
    const refusal = { error: 'invalid_client', number: 'AADSTS7000222', correlationId };
    const error = new AppError('ERR_PROVIDER_REFUSED', { refusal });
    const page = pageOf(error, browser('/auth/me'));
    expect(page.status).toBe(502);
    for (const text of [
      'The sign-in service does not accept this app',
      'The secret of the app has expired.',
      'An operator of this app must act:',
      'AADSTS7000222',
      correlationId,
    ]) {
      expect(page.words).toContain(text);
    }
    // The text says that a new try does not help yet.
    expect(page.links).toEqual(['Go to the home page /', 'Try again /auth/me']);
  });

  it('gives other clients number, meaning and correlation id of any refusal, a step-up’s too', () => {
    const refusal = { error: 'invalid_grant', number: 'AADB2C90129' };
    const cause = new AppError('ERR_SIGNED_OUT', { refusal });
    const error = new SignInNeededError('ERR_SIGNED_OUT', '/auth/login', { cause });
    const { body } = jsonOf(error);
    expect(body).toMatchObject({ number: 'AADB2C90129', must_act: 'you' });
    expect(body).not.toHaveProperty('aadsts');
  });

  it('shows a person whose tenant is not allowed the id of that tenant, and another account', () => {
    const error = new TenantRefusedError('99999999-9999-4999-8999-999999999999');
    const page = pageOf(error, browser('/auth/redirect?code=a'));
    expect(page.words).toContain('Tenant 99999999-9999-4999-8999-999999999999');
    expect(page.text).toContain('prompt=select_account');
    const context = client();
    answerError(error, context);
    expect(context.told).toMatchObject([
      {
        ...{ level: 'warn', event: 'tenant refused', code: 'ERR_TENANT_NOT_ALLOWED' },
        tenant: '99999999-9999-4999-8999-999999999999',
      },
    ]);
    expect(jsonOf(error).body).toMatchObject({ code: 'ERR_TENANT_NOT_ALLOWED', status: 403 });
  });

  const again = 'Try again';
  it.each<[ErrorCode, string, string, readonly string[]]>([
    ['ERR_WRONG_TENANT', 'GET', '/auth/redirect?code=a', [otherAccount, 'Go to the home page /']],
    [
      'ERR_SIGN_IN_LOST',
      'GET',
      '/auth/redirect',
      ['Sign in /auth/login?return_to=%2F', 'Go to the home page /'],
    ],
    [
      'ERR_ID_TOKEN',
      'GET',
      '/auth/redirect',
      ['Sign in /auth/login?return_to=%2F', 'Go to the home page /'],
    ],
    ['ERR_INTERNAL', 'GET', '/reports?a=1', [`${again} /reports?a=1`, 'Go to the home page /']],
    ['ERR_API_UNAVAILABLE', 'GET', '/auth/me', [`${again} /auth/me`, 'Go to the home page /']],
    [
      'ERR_PROVIDER_UNAVAILABLE',
      'GET',
      '/auth/login?return_to=%2Fa',
      [`${again} /auth/login?return_to=%2F`, 'Go to the home page /'],
    ],
    [
      'ERR_PROVIDER_UNAVAILABLE',
      'GET',
      '/auth/redirect?code=hunter2',
      [`${again} /auth/login?return_to=%2F`, 'Go to the home page /'],
    ],
    [
      'ERR_STORAGE_UNAVAILABLE',
      'POST',
      '/auth/sessions/end',
      ['Back to the list /auth/sessions', 'Go to the home page /'],
    ],
    ['ERR_STORAGE_UNAVAILABLE', 'POST', '/reports', ['Go to the home page /']],
    ['ERR_PREFETCH', 'GET', '/reports', ['Open the page /reports', 'Go to the home page /']],
    [
      'ERR_SESSION_CHANGED',
      'GET',
      '/reports',
      ['Load the page again /reports', 'Go to the home page /'],
    ],
    ['ERR_SESSION_CHANGED', 'POST', '/reports', ['Go to the home page /']],
    ['ERR_STORAGE_UNAVAILABLE', 'GET', '//evil.example/a', [`${again} /`]],
    ['ERR_STORAGE_UNAVAILABLE', 'GET', '/', [`${again} /`]],
    ['ERR_API_REFUSED', 'GET', '/auth/me', ['Go to the home page /']],
    ['ERR_NOT_FOUND', 'GET', '/auth/me/photo', ['Go to the home page /']],
    [
      'ERR_SESSION_GONE',
      'POST',
      '/auth/sessions/end',
      ['Back to the list /auth/sessions', 'Go to the home page /'],
    ],
    [
      'ERR_SESSION_GONE',
      'POST',
      '/auth/admin/end',
      ['Back to the list /auth/admin', 'Go to the home page /'],
    ],
  ])('leads on from %s at %s %s', (code, method, path, links) => {
    const page = pageOf(new AppError(code), browser(path, method));
    expect(page.links).toEqual(links);
    expect(page.text).not.toContain('hunter2');
  });
});

let linkFixture: ContextFixture;

beforeAll(async () => {
  linkFixture = await createContextFixture();
});
afterAll(() => linkFixture.stop());

const answer = '/auth/redirect?hop=1&code=c&state=s';

function firstLink(error: AppError, path: string, returnPath?: string) {
  const context = linkFixture.context(path);
  context.visitor.returnPath = returnPath;
  const links = errorLinks(error, context);
  expect(links.at(-1)).toEqual({ href: '/', text: 'Go to the home page' });
  return { ...links[0], loginPath: loginPathIn(links, context) };
}

describe('errorLinks of a sign-in', () => {
  it.each([
    ['ERR_KEYS_UNAVAILABLE', 'Try again'],
    ['ERR_STORAGE_UNAVAILABLE', 'Try again'],
    ['ERR_PROVIDER_UNAVAILABLE', 'Try again'],
    ['ERR_DEADLINE', 'Try again'],
    ['ERR_SIGN_IN_LOST', 'Sign in again'],
    ['ERR_SIGN_IN_EXPIRED', 'Sign in again'],
    ['ERR_ID_TOKEN', 'Sign in again'],
    ['ERR_OTHER_ISSUER', 'Sign in again'],
    ['ERR_BAD_REQUEST', 'Sign in again'],
    ['ERR_STEP_UP', 'Sign in again'],
  ] as const)('lead back to the wanted page after %s, for clients too', (code, text) => {
    const href = '/auth/login?return_to=%2Freports%3Fa%3D1%23row-17';
    expect(firstLink(new AppError(code), answer, '/reports?a=1#row-17')).toEqual({
      href,
      text,
      loginPath: href,
    });
  });

  it('lets one choose another account after the wrong organisation, for the wanted page', () => {
    const { href } = firstLink(new AppError('ERR_WRONG_TENANT'), answer, '/reports');
    expect(href).toBe('/auth/login?return_to=%2Freports&prompt=select_account');
  });

  it('lead back to it after a refusal too, by the choice of an account', () => {
    const refused = new SignInRefusedError({ error: 'access_denied', number: 'AADSTS65004' });
    const { href } = firstLink(refused, answer, '/reports');
    expect(href).toBe('/auth/login?return_to=%2Freports&prompt=select_account');
  });

  it('repeat the request itself where only the keys could tell which page was wanted', () => {
    const { href, text } = firstLink(new AppError('ERR_KEYS_UNAVAILABLE'), answer);
    expect([href, text]).toEqual([answer, 'Try again']);
  });

  it('lead to the home page where no page is known', () => {
    const { href, text } = firstLink(new AppError('ERR_SIGN_IN_UNSOLICITED'), answer);
    expect([href, text]).toEqual(['/auth/login?return_to=%2F', 'Sign in']);
  });

  it.each([
    ['/API/Auth/Login?prompt=x', 'Sign in /api/auth/login?return_to=%2F'],
    ['/api/AUTH/redirect?code=x', 'Sign in /api/auth/login?return_to=%2F'],
    ['/api/auth-own/login', undefined],
  ])('know %s, however it is written, as the host does', (path, link) => {
    const context = under({ authPath: '/api/auth' }, browser(path));
    const { links } = pageOf(new AppError('ERR_BAD_REQUEST'), context);
    expect(links).toEqual([...(link === undefined ? [] : [link]), 'Go to the home page /']);
  });

  it.each([
    ['/api/Auth/Admin/end', 'Back to the list /api/auth/admin'],
    ['/api/auth/sessions/end', undefined],
    ['/api/orders/end', undefined],
  ])('lead from %s to no list that the app has left out', (path, link) => {
    const site = { authPath: '/api/auth', menu: ['admin'] } as const;
    const { links } = pageOf(new AppError('ERR_SESSION_GONE'), under(site, browser(path, 'POST')));
    expect(links).toEqual([...(link === undefined ? [] : [link]), 'Go to the home page /']);
  });

  it('name no way to sign in after an error that is none of a sign-in', () => {
    const { loginPath } = firstLink(new AppError('ERR_STORAGE_UNAVAILABLE'), '/auth/me');
    expect(loginPath).toBeUndefined();
  });
});

const inherited = process.env;
let lines: string[];

beforeAll(() => {
  // Over https as far as anybody can tell: what the faulty settings cannot say is not guessed.
  process.env = {
    ...Object.fromEntries(
      Object.entries(inherited).filter(([name]) => !/^(APP|ENTRA|TABLES|KEY|GRAPH)_/.test(name)),
    ),
    APP_BASE_URL: 'https://app.contoso.com',
    ENTRA_CLIENT_SECRET: 'hunter2 hunter2',
  };
});
afterAll(() => {
  process.env = inherited;
});
beforeEach(() => {
  lines = [];
});

async function ask(
  handler: ReturnType<typeof endpoint>,
  accept: string,
  url = 'https://app.contoso.com/reports',
  language = 'en',
): Promise<{ answer: HttpResponseInit; headers: Headers }> {
  const context = {
    invocationId: 'invocation-1',
    error: (line: string) => {
      lines.push(line);
    },
  };
  const headers = { accept, 'accept-language': language };
  const request = new HttpRequest({ method: 'GET', url, headers });
  // The endpoint uses these members of a context alone.
  const answer = (await handler(
    request,
    context as unknown as InvocationContext,
  )) as HttpResponseInit;
  return { answer, headers: new Headers(answer.headers) };
}

const findServices = () => servicesOrFaults(process.env, testSite);
const guarded = endpoint(findServices, () => {
  throw new Error('no handler runs while the settings have faults');
});

describe('endpoint, while settings have faults', () => {
  it.each(['text/html', 'application/json'])(
    'answers 503 as %s, with names, without values, and in a minute again',
    async (accept) => {
      const { answer, headers } = await ask(guarded, accept);
      expect(answer.status).toBe(503);
      expect(headers.get('retry-after')).toBe('60');
      expect(answer.body).toContain('ENTRA_CLIENT_SECRET');
      expect(answer.body).toContain('KEY_VAULT_KEY_ID');
      expect(answer.body).not.toContain('hunter2');
    },
  );

  it.each(['text/html', 'application/json'])('sends the security headers as %s', async (accept) => {
    const { headers } = await ask(guarded, accept);
    const isHtml = accept === 'text/html';
    for (const [name, value] of Object.entries(securityHeaders({ isHtml, isHttps: true }))) {
      expect([name, headers.get(name)]).toEqual([name, value]);
    }
  });

  it('explains them in the reader’s language, with the list that the log has too', async () => {
    const { answer } = await ask(guarded, 'text/html', undefined, 'de');
    const body = textOf(answer);
    expect(body).toContain(german.errors.ERR_SETTINGS.detail);
    expect(body).toMatch(/<ul class="faults" lang="en" dir="ltr">.*ENTRA_CLIENT_SECRET.*<\/ul>/);
  });

  it('sends no HSTS over http', async () => {
    const { headers } = await ask(guarded, 'text/html', 'http://localhost:7071/reports');
    expect(headers.get('strict-transport-security')).toBeNull();
  });

  it('logs each fault by name and without value', async () => {
    await ask(guarded, 'application/json');
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^\{"event":"configuration fault",.*"setting":"ENTRA_CLIENT_SECRET","fault":"must/,
      ),
    );
    expect(lines.join()).not.toContain('hunter2');
  });

  it('answers as the function chooses, where it does', async () => {
    const own = endpoint(findServices, () => ({}), {
      answerFaults: ({ faults }) => ({ status: 418, jsonBody: faults.length > 0 }),
    });
    const { answer, headers } = await ask(own, 'application/json');
    expect(answer).toMatchObject({ status: 418, jsonBody: true });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000');
  });
});
