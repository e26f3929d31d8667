import {
  accounts,
  control,
  fetchJson,
  resetControl,
  signIn,
  startJourney,
} from '../support/journey';
import type { TestStack } from '../support/start-stack';

/** What Microsoft Entra ID and Microsoft Graph may do at any time, each in an app that has just started. */
let stack: TestStack;

beforeAll(async () => {
  stack = await startJourney({ apps: 0 });
});
afterAll(() => stack.stop());
afterEach(async () => {
  await resetControl(stack.facts.entraUrl);
  await resetControl(stack.facts.graphUrl);
});

it.each<[string, object]>([
  ['a key of the app, listed only for its id', { appKeys: true }],
  ['keys listed twice', { keyList: 'twice' }],
  ['keys beside twins of another algorithm', { keyList: 'twin' }],
  ['codes of 2,400 characters', { codeLength: 2400 }],
  ['groups as roles', { groupRoles: 99 }],
  ['tokens that live for a day', { accessTokenSeconds: 86_400 }],
])('signs in with %s', async (_, change) => {
  await control(stack.facts.entraUrl, { ...change });
  const app = await stack.startApp();
  const { browser, page } = await signIn(app.url, accounts(stack).administrator, '/auth/me');
  expect(page.url.href).toBe(`${app.url}/auth/me`);
  expect((await fetchJson(`${app.url}/auth/session`, browser)).status).toBe(200);
  await stack.stopApp(app);
});

it.each(['unquoted', 'quoted', 'two-headers'])(
  'takes a claims challenge in the form %s for a step-up',
  async (challengeForm) => {
    const app = await stack.startApp();
    const { browser } = await signIn(app.url, accounts(stack).plainUser);
    await control(stack.facts.graphUrl, { answer: 'claims-challenge', challengeForm });
    const { status, body } = await fetchJson(`${app.url}/auth/me`, browser);
    expect({ status, body }).toMatchObject({ status: 401, body: { code: 'ERR_STEP_UP' } });
    await stack.stopApp(app);
  },
);
