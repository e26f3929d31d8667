import { readFileSync } from 'node:fs';
import { type Checkout, copyCheckout } from '../support/copy-checkout';
import { accounts, fetchJson, signIn, startJourney, textOf } from '../support/journey';
import type { TestStack } from '../support/start-stack';

const [, snippet = ''] =
  /<!-- reports -->\s*```ts\n([\s\S]*?)```/.exec(readFileSync('docs/new-app.md', 'utf8')) ?? [];

let checkout: Checkout;
let stack: TestStack;
let app: string;

/** What the page says: one file in src/functions, one line in src/main.ts. */
beforeAll(async () => {
  checkout = copyCheckout();
  checkout.addFunction('reports', snippet);
  await checkout.build();
  stack = await startJourney({ scriptRoot: checkout.root });
  app = stack.apps[0]?.url ?? '';
});
afterAll(async () => {
  await stack.stop();
  checkout.remove();
});

describe('the function of docs/new-app.md', () => {
  it('passes the compiler and the linter', async () => {
    expect(await checkout.complaints('src/functions/reports.ts')).toBe('');
  });

  it('sends tokens only where the settings say', () => {
    expect(snippet).not.toMatch(/https?:/);
  });

  it('answers the seeded administrator from the stack’s Graph', async () => {
    const { browser } = await signIn(app, accounts(stack).administrator);
    const { status, headers, body } = await fetchJson(`${app}/reports`, browser);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(JSON.stringify(body)).toMatch(/"value":\[\{.*"id":"[0-9a-f-]{36}"/);
  });

  it('is closed to the others', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const { status, body } = await fetchJson(`${app}/reports`, browser);
    expect([status, textOf(body, 'code')]).toEqual([403, 'ERR_ROLE_MISSING']);
    expect((await fetchJson(`${app}/reports`)).status).toBe(401);
  });
});
