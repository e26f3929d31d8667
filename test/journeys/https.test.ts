import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { browserHeaders } from '../support/context-fixture';
import { accounts, cookieName, startJourney } from '../support/journey';
import type { TestStack } from '../support/start-stack';
import { TestBrowser } from '../support/test-browser';

let stack: TestStack;
let app: string;
let certificate: string;

beforeAll(async () => {
  stack = await startJourney({ https: true });
  app = stack.apps[0]?.url ?? '';
  certificate = stack.apps[0]?.certificate ?? '';
});
afterAll(() => stack.stop());

/** A GET that trusts the stack's throwaway certificate and nothing else. */
function get(url: string, cookie = ''): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { ...browserHeaders, ...(cookie === '' ? {} : { Cookie: cookie }) };
    request(url, { ca: certificate, headers }, (answer) => {
      answer.resume();
      resolve(answer);
    })
      .on('error', reject)
      .end();
  });
}

const pairOf = (line: string) => line.split(';')[0] ?? '';

describe('over https', () => {
  it('sends HSTS', async () => {
    expect((await get(app)).headers['strict-transport-security']).toBe('max-age=31536000');
  });

  it('signs in with __Host- cookies that are Secure, HttpOnly, Strict and have no Domain', async () => {
    expect(app).toMatch(/^https:\/\/localhost:/);
    const login = await get(`${app}/auth/login?return_to=/auth/session`);
    const [binding = ''] = login.headers['set-cookie'] ?? [];
    expect(binding).toMatch(/^__Host-anteroom-\d+-sign-in=[A-Za-z0-9_-]{43};/);
    expect(binding.toLowerCase()).toMatch(/; path=\/; secure; samesite=strict; httponly$/);

    const browser = new TestBrowser();
    const picker = await browser.open(login.headers.location ?? '');
    browser.follows = false;
    let step = await browser.press(picker, accounts(stack).plainUser);
    while (new URL(step.headers.get('location') ?? '', step.url).origin !== app) {
      step = await browser.open(new URL(step.headers.get('location') ?? '', step.url));
    }
    const finish = await get(`${step.headers.get('location') ?? ''}&hop=1`, pairOf(binding));
    expect(finish.statusCode).toBe(302);
    expect(finish.headers.location).toBe(`${app}/auth/session`);
    const cookies = finish.headers['set-cookie'] ?? [];
    const session = cookies.find((line) => line.startsWith(`${cookieName(app)}=`));
    expect(session?.toLowerCase()).toMatch(/; path=\/; secure; samesite=strict; httponly$/);
    expect(session).not.toMatch(/max-age|expires|domain/i);
    expect((await get(`${app}/auth/session`, pairOf(session ?? ''))).statusCode).toBe(200);
    // The name without the prefix is not ours here: another subdomain could have set it.
    const unprefixed = pairOf(session ?? '').replace('__Host-', '');
    expect((await get(`${app}/auth/session`, unprefixed)).statusCode).toBe(302);
  });
});
