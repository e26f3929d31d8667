import { Readable } from 'node:stream';
import {
  HttpRequest,
  HttpResponse,
  type HttpResponseInit,
  type InvocationContext,
} from '@azure/functions';
import type { HostStreams } from '../../src/bodies';
import { signSessionCookie } from '../../src/cookies';
import { AppError } from '../../src/errors';
import { answerOf } from '../../src/handler';
import type { Handler, RequestContext, Services } from '../../src/http/context';
import { endpoint, finishAnswer } from '../../src/http/endpoint';
import { continueHere, securityHeaders } from '../../src/http/responses';
import { servicesOrFaults } from '../../src/anteroom';
import { signedIn, withRole } from '../../src/sign-in/guards';
import { longEnough } from '../support/auth-fixture';
import {
  browserHeaders,
  type ContextFixture,
  createContextFixture,
  environmentFor,
  pageRequest,
  testSite,
} from '../support/context-fixture';
import { newSession, userOf } from '../support/session-fixture';
import { createTestTable, tablesConnectionString } from '../support/test-table';
import { thrownBy } from '../support/thrown-by';

const invocationId = 'e1d2c3b4-invocation';

let fixture: ContextFixture;
let services: Services;
let lines: string[] = [];

beforeAll(async () => {
  fixture = await createContextFixture();
  const { tableName } = await createTestTable();
  const environment = {
    ...environmentFor(fixture.tiny),
    APP_BASE_URL: 'https://app.contoso.com',
    TABLES_CONNECTION_STRING: tablesConnectionString(),
    TABLES_NAME: tableName,
  };
  const made = servicesOrFaults(environment, testSite);
  if ('faults' in made) throw new Error(JSON.stringify(made.faults));
  services = made;
  // The ring's keys are made here, so that no test finds this event in its log.
  await services.events.during(contextOf(), () => services.keyRing.current(longEnough()));
});
afterAll(async () => {
  await fixture.stop();
});
beforeEach(() => {
  lines = [];
});

function contextOf(): InvocationContext {
  const log = (level: string) => (message: string) => {
    lines.push(`${level} ${message}`);
  };
  const context = { invocationId, info: log('info'), warn: log('warn'), error: log('error') };
  // The endpoint uses these members of a context alone.
  return context as unknown as InvocationContext;
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: Headers;
  readonly body: string;
  readonly cookies: HttpResponseInit['cookies'] | undefined;
}

async function ask(
  handler: Handler,
  headers: Record<string, string> = {},
  path = '/reports?a=1',
  known = services,
): Promise<Answer> {
  const request = new HttpRequest({ method: 'GET', url: `http://10.0.0.1${path}`, headers });
  const answer = (await endpoint(() => known, handler)(request, contextOf())) as HttpResponseInit;
  const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.jsonBody);
  return {
    status: answer.status,
    headers: new Headers(answer.headers),
    body,
    cookies: answer.cookies,
  };
}

/** The `Cookie` header of somebody with these roles. */
async function cookieOf(roles: readonly string[]): Promise<string> {
  const now = services.clock();
  const { ticket } = await services.sessions.open(
    newSession({ user: { ...userOf(), roles }, now, verifiedAt: now }),
  );
  const { keyRing, settings } = services;
  const cookie = await signSessionCookie(ticket, {
    keyRing,
    site: settings,
    signal: longEnough(),
  });
  return `${cookie.name}=${cookie.value}`;
}

describe('endpoint', () => {
  it('gives the handler the request without the host it was sent to', async () => {
    let met: RequestContext | undefined;
    const before = services.clock();
    await ask((context) => {
      met = context;
      return {};
    });
    expect(met).toMatchObject({
      path: '/reports?a=1',
      services,
      correlationId: invocationId,
      prefersHtml: false,
      cookies: [],
      visitor: { user: undefined },
    });
    expect(met?.query.get('a')).toBe('1');
    expect(met?.now).toBeGreaterThanOrEqual(before);
    expect(met?.signal.aborted).toBe(false);
  });

  it('waits for no event: they are written after the answer, whether or not the table answers', async () => {
    const never = new Promise<never>(() => undefined);
    const flushSoon = jest.fn(() => void never);
    const activity = { record: jest.fn(), flushSoon, flush: () => never };
    const known = { ...services, activity };
    const refused: Handler = () => {
      throw new AppError('ERR_ROLE_MISSING');
    };
    expect((await ask(() => ({ status: 201 }), {}, '/', known)).status).toBe(201);
    expect((await ask(refused, {}, '/', known)).status).toBe(403);
    expect(flushSoon).toHaveBeenCalledTimes(2);
  });

  it('answers what the handler answers, with security headers and the cookies gathered', async () => {
    const cookie = { name: 'a', value: 'b' };
    const answer = await ask((context) => {
      context.cookies.push(cookie);
      return { status: 201, jsonBody: { made: true } };
    });
    expect([answer.status, answer.body]).toEqual([201, '{"made":true}']);
    expect(answer.headers.get('strict-transport-security')).toBe('max-age=31536000');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.cookies).toEqual([cookie]);
    expect(lines).toEqual([]);
  });

  it.each([
    ['JSON', {}, 'application/problem+json'],
    ['a page', { accept: 'text/html' }, 'text/html; charset=utf-8'],
  ])(
    'turns an error into an answer as %s, with the cookies gathered until then',
    async (_name, headers, contentType) => {
      const cookie = { name: 'a', value: '', maxAge: 0 };
      const answer = await ask((context) => {
        context.cookies.push(cookie);
        throw new AppError('ERR_STORAGE_UNAVAILABLE', { note: 'a note for the log' });
      }, headers);
      expect(answer.status).toBe(503);
      expect(answer.headers.get('content-type')).toBe(contentType);
      expect(answer.headers.get('retry-after')).toBe('10');
      expect(answer.headers.get('strict-transport-security')).toBe('max-age=31536000');
      expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(answer.cookies).toEqual([cookie]);
      expect(answer.body).toContain('Sessions cannot be reached');
      expect(answer.body).not.toContain('a note for the log');
      expect(lines).toEqual([
        expect.stringMatching(
          /^error \{"event":"storage trouble","outcome":"failed",.*"note":"a note for the log"/,
        ),
      ]);
    },
  );

  const failing =
    (reason: unknown): Handler =>
    () => {
      const { promise, reject } = Promise.withResolvers<never>();
      reject(reason);
      return promise;
    };

  it.each<[string, Handler]>([
    [
      'that throws',
      () => {
        throw new TypeError('cannot read hunter2 of undefined');
      },
    ],
    ['that rejects', failing(new TypeError('cannot read hunter2 of undefined'))],
    ['that rejects with a text', failing('hunter2')],
    ['that rejects with nothing', failing(undefined)],
  ])('answers 500 without any detail for a handler %s', async (_name, handler) => {
    for (const headers of [{}, { accept: 'text/html' }]) {
      const answer = await ask(handler, headers);
      expect(answer.status).toBe(500);
      expect(answer.body).toContain('ERR_INTERNAL');
      expect(answer.body).toContain(invocationId);
      expect(answer.body).not.toMatch(/hunter2|TypeError|undefined/);
    }
    expect(lines).toHaveLength(2);
    expect(lines.join()).toMatch(/^error \{"event":"request failed".*"code":"ERR_INTERNAL"/);
    expect(lines.join()).not.toContain('hunter2');
  });
});

describe('endpoint, where the host sends answers as a whole', () => {
  it('answers with the error of a body that breaks off', async () => {
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        controller.error(new AppError('ERR_API_UNAVAILABLE', { api: 'orders' }));
      },
    });
    const answer = await ask(() => ({ body }));
    expect([answer.status, JSON.parse(answer.body)]).toEqual([
      503,
      expect.objectContaining({ code: 'ERR_API_UNAVAILABLE', api: 'orders' }),
    ]);
  });

  it('answers 500 for a stream of Node.js that breaks off', async () => {
    const answer = await ask(() => answerOf({ body: brokenFile() }));
    expect([answer.status, JSON.parse(answer.body)]).toMatchObject([500, { code: 'ERR_INTERNAL' }]);
  });
});

/** The library takes streams of Node.js, too: a file, say. This one cannot be read. */
const brokenFile = () =>
  new Readable({
    read() {
      this.destroy(new Error('no such file'));
    },
  });

describe('endpoint, in stream mode', () => {
  const seen = { sources: 0 };
  const hostStreams: HostStreams = {
    find: () => ({
      onGone: () => undefined,
      follow: async (body) => {
        seen.sources += 1;
        const { value = new Uint8Array() } = await body.getReader().read();
        return new Response(Buffer.from(value)).body ?? new ReadableStream();
      },
    }),
  };
  const askStreamed = async (handler: Handler, method: 'GET' | 'HEAD' = 'GET') => {
    seen.sources = 0;
    const request = new HttpRequest({ method, url: 'http://10.0.0.1/export' });
    const known = { ...services, hostStreams };
    return (await endpoint(() => known, handler)(request, contextOf())) as HttpResponseInit;
  };

  it('follows a stream of Node.js, and answers 500 for one that breaks off at once', async () => {
    const file = Readable.from([Buffer.from('a')]);
    const whole = await askStreamed(() => answerOf({ body: file }));
    expect([seen.sources, await new HttpResponse(whole).text()]).toEqual([1, 'a']);
    const broken = await askStreamed(() => answerOf({ body: brokenFile() }));
    expect([broken.status, await new HttpResponse(broken).json()]).toMatchObject([
      ...[500, { code: 'ERR_INTERNAL' }],
    ]);
  });

  it('ends the body of an answer to HEAD, which nobody reads', async () => {
    const ended = Promise.withResolvers<string>();
    const body = new ReadableStream<Uint8Array>({
      cancel: () => {
        ended.resolve('ended');
      },
    });
    const answer = await askStreamed(() => ({ body, headers: { ETag: '"1"' } }), 'HEAD');
    expect(new Headers(answer.headers).get('etag')).toBe('"1"');
    expect([answer.body, seen.sources, await ended.promise]).toEqual([undefined, 0, 'ended']);
  });
});

describe('endpoint, for a function of a team’s own', () => {
  it('answers 500 with security headers for a header that cannot be sent', async () => {
    const answer = await ask(() => ({ headers: { Location: '/a\r\nSet-Cookie: b=c' } }));
    expect(answer.status).toBe(500);
    expect(answer.body).toContain('ERR_INTERNAL');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('says why a header with other letters is not sent: the host would answer an empty 500', async () => {
    const name = { 'Content-Disposition': 'attachment; filename="über.pdf"' };
    expect((await ask(() => ({ headers: name }))).body).toContain('ERR_INTERNAL');
    const error = thrownBy(() => finishAnswer({ headers: name }, false, []));
    expect(error).toMatchObject({ note: expect.stringContaining('content-disposition') as string });
    const encoded = { 'Content-Disposition': "attachment; filename*=UTF-8''%C3%BCber.pdf" };
    expect((await ask(() => ({ status: 202, headers: encoded }))).status).toBe(202);
  });

  const reports = withRole('reader', ({ user }) => ({ jsonBody: { reader: user.name } }));

  it('opens it to users with the role', async () => {
    const answer = await ask(reports, { cookie: await cookieOf(['reader']) });
    expect(JSON.parse(answer.body)).toEqual({ reader: 'Ada Lovelace' });
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('tells others which role it is', async () => {
    const cookie = await cookieOf(['admin']);
    const json = await ask(reports, { cookie });
    expect(json.status).toBe(403);
    expect(JSON.parse(json.body)).toMatchObject({ code: 'ERR_ROLE_MISSING', role: 'reader' });
    const page = await ask(reports, { cookie, accept: 'text/html' });
    expect([page.status, page.headers.get('location')]).toEqual([403, null]);
    expect(page.body).toContain('<code>reader</code>');
  });

  it('sends a browser without session to sign in, and tells other clients where', async () => {
    const login = 'https://app.contoso.com/auth/login?return_to=%2Freports%3Fa%3D1';
    const page = await ask(
      signedIn(() => ({})),
      browserHeaders,
    );
    expect([page.status, page.headers.get('location')]).toEqual([302, login]);
    const json = await ask(signedIn(() => ({})));
    expect(json.status).toBe(401);
    expect(JSON.parse(json.body)).toMatchObject({ code: 'ERR_SIGNED_OUT', login_url: login });
  });
});

describe('endpoint, at its deadline', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const untilAborted = ({ signal }: RequestContext) =>
    new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
    });

  it('answers 503 although the handler waits on, deaf to its signal', async () => {
    const answer = ask(() => new Promise<never>(() => undefined));
    await jest.advanceTimersByTimeAsync(8_999);
    expect(lines).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    const { status, headers, body } = await answer;
    expect([status, headers.get('retry-after')]).toEqual([503, '10']);
    expect(JSON.parse(body)).toMatchObject({ code: 'ERR_DEADLINE' });
  });

  it('lets a request go on for as long as it is told that something comes', async () => {
    let isDone = false;
    const answer = ask(async (context) => {
      for (let part = 0; part < 3; part += 1) {
        await new Promise((resolve) => setTimeout(resolve, 8_000));
        context.extendDeadline();
      }
      isDone = true;
      return untilAborted(context);
    });
    await jest.advanceTimersByTimeAsync(24_000);
    expect(isDone).toBe(true);
    await jest.advanceTimersByTimeAsync(8_500);
    expect(JSON.parse((await answer).body)).toMatchObject({ code: 'ERR_DEADLINE' });
  });

  /** A body of which a part comes every five seconds, without end. */
  const drip = () =>
    new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        await new Promise((resolve) => setTimeout(resolve, 5_000));
        controller.enqueue(Buffer.from('a'));
      },
    });

  it('ends a body that comes on and on, for the host sends nothing before its end', async () => {
    let now = 1_800_000_000;
    const slow = { ...services, clock: () => now };
    const answer = ask(() => ({ body: drip() }), {}, '/', slow);
    await jest.advanceTimersByTimeAsync(50_000);
    now += 200;
    await jest.advanceTimersByTimeAsync(15_000);
    expect(await answer).toMatchObject({ status: 503 });
  });

  it('lets what waits learn of it first, and say what did not answer', async () => {
    const answer = ask((context) =>
      untilAborted(context).catch(() => {
        throw new AppError('ERR_API_UNAVAILABLE');
      }),
    );
    await jest.advanceTimersByTimeAsync(8_500);
    expect(JSON.parse((await answer).body)).toMatchObject({ code: 'ERR_API_UNAVAILABLE' });
  });

  it('takes whatever a library throws then for the deadline', async () => {
    const answer = ask(untilAborted);
    await jest.advanceTimersByTimeAsync(8_500);
    expect(JSON.parse((await answer).body)).toMatchObject({ code: 'ERR_DEADLINE', status: 503 });
  });

  it('is over for a body that is refused before the handler is called', async () => {
    const { status } = await ask(() => ({}), { 'content-length': '1048577' });
    expect(status).toBe(413);
    await jest.advanceTimersByTimeAsync(8_500);
    // One that ran on would reject what nobody waits for, and Node ends the process for that.
    expect(jest.getTimerCount()).toBe(0);
  });

  it('leaves no timer behind once a request is answered', async () => {
    await ask(() => ({}));
    expect(jest.getTimerCount()).toBe(0);
  });

  it('still ends what a handler that failed has begun, and nothing more', async () => {
    let signal: AbortSignal | undefined;
    await ask((context) => {
      signal = context.signal;
      throw new AppError('ERR_NOT_FOUND');
    });
    expect(signal?.aborted).toBe(false);
    await jest.advanceTimersByTimeAsync(8_500);
    expect(signal?.aborted).toBe(true);
    expect(jest.getTimerCount()).toBe(0);
  });
});

const html = { 'Content-Type': 'text/html; charset=utf-8' };

describe('finishAnswer', () => {
  it.each([
    ['a page over https', html, true],
    ['a page over http', html, false],
    ['anything else over https', { 'Content-Type': 'application/json' }, true],
    ['no type at all', {}, false],
  ])('adds the security headers to %s', (_name, headers, isHttps) => {
    const finished = new Headers(finishAnswer({ headers }, isHttps, []).headers);
    const isHtml = 'Content-Type' in headers && headers['Content-Type'].startsWith('text/html');
    for (const [name, value] of Object.entries(securityHeaders({ isHtml, isHttps }))) {
      expect([name, finished.get(name)]).toEqual([name, value]);
    }
    expect(finished.has('strict-transport-security')).toBe(isHttps);
  });

  it('leaves a handler’s own value, in whatever case it was written', () => {
    const headers = { 'referrer-policy': 'no-referrer', 'CONTENT-SECURITY-POLICY': 'own' };
    const finished = new Headers(finishAnswer({ headers }, false, []).headers);
    expect(finished.get('referrer-policy')).toBe('no-referrer');
    expect(finished.get('content-security-policy')).toBe('own');
  });

  it.each([
    ['a list of pairs', [['X-Own', '1']]],
    ['Headers', new Headers({ 'X-Own': '1' })],
    ['names that differ in case only', { 'X-Own': '1', 'x-own': '1' }],
    ['a value with spaces around it', { 'X-Own': ' 1 ' }],
    ['a value that is no text', { 'X-Own': 1 }],
  ])('reads headers as the web standard does: %s', (_name, given) => {
    const headers = given as NonNullable<HttpResponseInit['headers']>;
    const finished = new Headers(finishAnswer({ headers }, false, []).headers);
    expect(finished.get('x-own')).toBe(new Headers(headers as HeadersInit).get('x-own'));
    expect(finished.get('referrer-policy')).toBe('same-origin');
  });

  it('keeps each of several cookies in Headers', () => {
    const headers = new Headers([
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
    ]);
    const finished = new Headers(finishAnswer({ headers }, false, []).headers);
    expect(finished.getSetCookie()).toEqual(['a=1', 'b=2']);
  });

  it.each([{ 'X-Own': 'a\nb' }, { 'X Own': 'a' }, { 'X-Own': 'ʬ' }])(
    'refuses a header that cannot be sent: %j',
    (headers) => {
      expect(() => finishAnswer({ headers }, false, [])).toThrow(/invalid header|ByteString/);
    },
  );

  it('sets the cookies gathered on the way after the handler’s own', () => {
    const answer = { status: 201, body: 'made', cookies: [{ name: 'own', value: '1' }] };
    const finished = finishAnswer(answer, false, [{ name: 'gathered', value: '2' }]);
    expect(finished).toMatchObject({ status: 201, body: 'made' });
    expect(finished.cookies?.map(({ name }) => name)).toEqual(['own', 'gathered']);
  });
});

describe('securityHeaders', () => {
  it('allow a page its own style, images and forms, and nothing else', () => {
    const policy = securityHeaders({ isHtml: true, isHttps: true })['content-security-policy'];
    expect(policy?.split('; ')).toEqual([
      "default-src 'none'",
      expect.stringMatching(/^style-src( 'sha256-[A-Za-z0-9+/]{43}='){2}$/),
      "img-src 'self'",
      "form-action 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ]);
  });

  it('allow the page that goes on one thing more: a script in a file of ours', () => {
    const policy = securityHeaders({ isHtml: true, isHttps: true })['content-security-policy'];
    const { headers } = continueHere(pageRequest(testSite), {
      title: 'Wait',
      goTo: 'https://app/',
      text: 'Wait',
    });
    const own = new Headers(headers).get('content-security-policy');
    expect(own).toBe(`${policy ?? ''}; script-src 'self'`);
  });

  it('take the devices of a computer from a page, which has no use for them', () => {
    const headers = securityHeaders({ isHtml: true, isHttps: true });
    for (const name of ['camera', 'geolocation', 'microphone', 'payment', 'usb']) {
      expect(headers['permissions-policy']).toContain(`${name}=()`);
    }
  });

  it('allow anything else nothing', () => {
    expect(securityHeaders({ isHtml: false, isHttps: false })).toEqual({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    });
  });
});
