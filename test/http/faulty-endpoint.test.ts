import type { HttpResponseInit, InvocationContext } from '@azure/functions';
import { HttpRequest } from '@azure/functions';
import { endpoint } from '../../src/http/endpoint';
import { securityHeaders } from '../../src/http/security-headers';

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
): Promise<{ answer: HttpResponseInit; headers: Headers }> {
  const context = {
    invocationId: 'invocation-1',
    error: (line: string) => {
      lines.push(line);
    },
  };
  const request = new HttpRequest({ method: 'GET', url, headers: { accept } });
  // The endpoint uses these members of a context alone.
  const answer = (await handler(
    request,
    context as unknown as InvocationContext,
  )) as HttpResponseInit;
  return { answer, headers: new Headers(answer.headers) };
}

const guarded = endpoint(() => {
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

  it('sends no HSTS over http', async () => {
    const { headers } = await ask(guarded, 'text/html', 'http://localhost:7071/reports');
    expect(headers.get('strict-transport-security')).toBeNull();
  });

  it('logs each fault by name and without value', async () => {
    await ask(guarded, 'application/json');
    expect(lines).toContainEqual(expect.stringMatching(/^ERR_SETTINGS: ENTRA_CLIENT_SECRET must/));
    expect(lines.join()).not.toContain('hunter2');
  });

  it('answers as the function chooses, where it does', async () => {
    const own = endpoint(() => ({}), {
      answerFaults: (faults) => ({ status: 418, jsonBody: faults.length > 0 }),
    });
    const { answer, headers } = await ask(own, 'application/json');
    expect(answer).toMatchObject({ status: 418, jsonBody: true });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000');
  });
});
