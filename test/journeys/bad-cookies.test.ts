import { createHmac, randomBytes } from 'node:crypto';
import { accounts, cookieName, fetchJson, signIn, startJourney } from '../support/journey';
import type { TestStack } from '../support/start-stack';

let stack: TestStack;
let app: string;
let good: string;

beforeAll(async () => {
  stack = await startJourney();
  app = stack.apps[0]?.url ?? '';
  const { browser } = await signIn(app, accounts(stack).administrator);
  good = browser.cookies(app).get(cookieName(app)) ?? '';
});
afterAll(() => stack.stop());

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

function parts(): { header: string; payload: string; signature: string } {
  const [header = '', payload = '', signature = ''] = good.split('.');
  return { header, payload, signature };
}

function decoded(part: string): Record<string, unknown> {
  return Object(JSON.parse(Buffer.from(part, 'base64url').toString())) as Record<string, unknown>;
}

/** Signed as the app would, with a key of the forger's. */
function forged(header: object, payload: object, key = randomBytes(32)): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
}

/** `anteroom` stands for the name that the cookie has in this app. */
async function sessionWith(cookieHeader: string): Promise<{ status: number; body: unknown }> {
  const Cookie = cookieHeader.replaceAll(/(?<!-)\banteroom=/g, `${cookieName(app)}=`);
  return fetchJson(`${app}/auth/session`, undefined, { headers: { Cookie } });
}

describe('a session cookie that this app did not set so', () => {
  it('is told from the real one, which works', async () => {
    expect((await sessionWith(`anteroom=${good}`)).status).toBe(200);
    expect((await sessionWith(`other=1; anteroom=${good}; more=a,b`)).status).toBe(200);
    // The host joins headers that were sent twice.
    expect((await sessionWith(`anteroom=${good},more=a`)).status).toBe(200);
    expect((await sessionWith(`x=1,anteroom=hello; anteroom=${good}`)).status).toBe(200);
    expect(good.length).toBeLessThan(400);
    expect(good).toMatch(/^[A-Za-z0-9_.-]+$/);
  });

  it.each<[string, () => string]>([
    ['empty', () => 'anteroom='],
    ['garbage', () => 'anteroom=hello'],
    ['dots', () => 'anteroom=..'],
    ['five parts, a JWE', () => 'anteroom=a.b.c.d.e'],
    [
      'tampered payload',
      () => {
        const { header, payload, signature } = parts();
        return `anteroom=${header}.${encode({ ...decoded(payload), exp: 4102444800 })}.${signature}`;
      },
    ],
    [
      'tampered signature',
      () => {
        const { header, payload, signature } = parts();
        return `anteroom=${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
      },
    ],
    ['truncated', () => `anteroom=${good.slice(0, -5)}`],
    ['without signature', () => `anteroom=${parts().header}.${parts().payload}.`],
    [
      'foreign key, same kid',
      () => `anteroom=${forged(decoded(parts().header), decoded(parts().payload))}`,
    ],
    [
      'unknown kid',
      () => `anteroom=${forged({ alg: 'HS256', kid: '0.AAAAAAAA' }, decoded(parts().payload))}`,
    ],
    ['no kid', () => `anteroom=${forged({ alg: 'HS256' }, decoded(parts().payload))}`],
    [
      'alg none',
      () => `anteroom=${encode({ ...decoded(parts().header), alg: 'none' })}.${parts().payload}.`,
    ],
    [
      'alg none, signature kept',
      () =>
        `anteroom=${encode({ ...decoded(parts().header), alg: 'none' })}.${parts().payload}.${parts().signature}`,
    ],
    [
      'alg HS512',
      () =>
        `anteroom=${forged({ ...decoded(parts().header), alg: 'HS512' }, decoded(parts().payload))}`,
    ],
    ['oversized', () => `anteroom=${good}${'A'.repeat(5000)}`],
    ['doubled', () => `anteroom=${good}; anteroom=${good}`],
    ['doubled, the other one forged', () => `anteroom=hello; anteroom=${good}`],
    ['planted in a value of a sibling’s cookie', () => `x=1,anteroom=${good}`],
    ['without the port of this app', () => `anteroom-1=${good}`],
    ['quoted', () => `anteroom="${good}"`],
    ['percent-encoded', () => `anteroom=${good.replaceAll('.', '%2E')}`],
    ['another name', () => `__Host-anteroom=${good}`],
    ['another case', () => `Anteroom=${good}`],
  ])('%s: simply signed out', async (_name, cookie) => {
    const { status, body } = await sessionWith(cookie());
    expect(status).toBe(401);
    expect(body).toMatchObject({ code: 'ERR_SIGNED_OUT' });
  });
});
