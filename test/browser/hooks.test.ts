import { readFileSync } from 'node:fs';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import type { AppFacts } from '../../local/stack/stack-process';
import { guidOf } from '../../local/entra/registrations';
import { type BuiltExample, buildApp } from '../support/build-example';
import { accounts, control, resetControl, startJourney } from '../support/journey';
import { launchChromium } from '../support/launch-chromium';
import type { TestStack } from '../support/start-stack';

const docs = readFileSync('docs/hooks.md', 'utf8');

let built: BuiltExample;
let stack: TestStack;
let running: AppFacts;
let app: string;
let byGroups: string;
let browser: Browser;
let page: Page;

/** The ids of two groups: one of the administrator, one of nobody. */
let groups: { readonly team: string; readonly nobodys: string };

/**
 * The app of docs/hooks.md, to whose beta the plain user is invited and nobody else. A second instance runs that of
 * docs/roles-and-groups.md.
 */
beforeAll(async () => {
  const contents =
    "process.env.EXAMPLE === 'groups' ? require('./groups/report') : require('./hooks/theme')";
  built = buildApp({ contents, resolveDir: 'examples' }, {});
  [stack, browser] = await Promise.all([
    startJourney({ apps: 0, scriptRoot: built.folder, authPath: '/api/auth' }),
    launchChromium(),
  ]);
  const invited = stack.facts.users.find(({ name }) => name === accounts(stack).plainUser);
  const env = { BETA_PEOPLE: `${randomGuid} ${invited?.objectId ?? ''}` };
  running = await stack.startApp({ env });
  app = running.url;
  const { tenantId } = stack.facts;
  groups = { team: guidOf(`${tenantId}|Identity team`), nobodys: guidOf(`${tenantId}|Nobody`) };
  const named = { SALES_GROUP: groups.nobodys, MANAGERS_GROUP: groups.team };
  byGroups = (await stack.startApp({ env: { EXAMPLE: 'groups', ...named } })).url;
});
afterAll(async () => {
  await Promise.all([browser.close(), stack.stop()]);
  built.remove();
});
beforeEach(async () => {
  page = await browser.newPage();
});
afterEach(async () => {
  await page.close();
  await resetControl(stack.facts.entraUrl);
  await resetControl(stack.facts.graphUrl);
});

const randomGuid = '33333333-3333-4333-8333-333333333333';

async function signIn(account: string): Promise<void> {
  await page.goto(`${app}/api/theme`);
  await page.getByRole('button', { name: new RegExp(account) }).click();
}

const shown = async (): Promise<unknown> => JSON.parse((await page.textContent('body')) ?? '');

describe('the example of docs/hooks.md', () => {
  it.each(['auth.ts', 'theme.ts'])('shows %s as it is', (file) => {
    const code = readFileSync(`examples/hooks/${file}`, 'utf8');
    expect(docs).toContain(`<!-- example ${file} -->\n\n\`\`\`ts\n${code}\`\`\``);
  });

  it('refuses people who are not invited, in its own words, and offers another account', async () => {
    await signIn(accounts(stack).administrator);
    await page.getByRole('heading', { name: 'This app did not let you in' }).waitFor();
    await page.getByText('The beta is full. Write to beta@contoso.example,').waitFor();
    await page.evaluate(axe.source);
    expect(await page.evaluate('axe.run().then(({ violations }) => violations)')).toEqual([]);
    const names = (await page.context().cookies(app)).map(({ name }) => name);
    expect(names).toEqual([expect.stringMatching(/-sign-in$/)]);
    await page.getByRole('link', { name: 'Use another account' }).click();
    await page.getByRole('button', { name: new RegExp(accounts(stack).plainUser) }).click();
    await page.waitForURL(`${app}/api/theme`);
    expect(await shown()).toEqual({ theme: 'light' });
  });

  it('lets in people who are invited, with the role, and keeps the theme until the sign-out', async () => {
    await signIn(accounts(stack).plainUser);
    await page.waitForURL(`${app}/api/theme`);
    // A page of the app's own, without the security headers of a guarded answer.
    await page.goto(`${app}/api/no-such-page`);
    const ask = (input: string, init: object = {}) =>
      page.evaluate(`fetch('${input}', ${JSON.stringify(init)}).then((answer) => answer.json())`);
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const changed = await ask('/api/theme', { method: 'POST', headers, body: 'theme=dark' });
    expect(changed).toEqual({ theme: 'dark' });
    expect(await ask('/api/theme')).toEqual({ theme: 'dark' });
    const session = await ask('/api/auth/session');
    expect(session).toMatchObject({ roles: ['beta'] });
    // What the app keeps is not for the browser.
    expect(JSON.stringify(session)).not.toContain('dark');
    await page.goto(`${app}/api/auth/me`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
    expect(await stack.output(running)).toMatch(/sign-out of [\w-]{8}, who had the theme dark/);
  });
});

describe('the example of docs/roles-and-groups.md', () => {
  async function openReport(account: string): Promise<void> {
    await page.goto(`${byGroups}/api/report`);
    await page.getByRole('button', { name: new RegExp(account) }).click();
  }

  it('is shown as it is', () => {
    const code = readFileSync('examples/groups/report.ts', 'utf8');
    const text = readFileSync('docs/roles-and-groups.md', 'utf8');
    expect(text).toContain(`<!-- example report.ts -->\n\n\`\`\`ts\n${code}\`\`\``);
  });

  it('opens to a member of a group, and to nobody else', async () => {
    await control(stack.facts.entraUrl, { groupClaims: 'always' });
    await openReport(accounts(stack).administrator);
    await page.waitForURL(`${byGroups}/api/report`);
    expect(await shown()).toEqual({ roles: ['admin', 'reader', 'approver'] });
    await page.context().clearCookies();
    await openReport(accounts(stack).plainUser);
    await page.getByText('The role is named reader.').waitFor();
  });

  it('opens to a member who has more groups than a token can name', async () => {
    const users = { 'ines@anteroom.example': { groupCount: 250 } };
    await control(stack.facts.entraUrl, { groupClaims: 'always', users });
    await openReport(accounts(stack).administrator);
    await page.waitForURL(`${byGroups}/api/report`);
    expect(await shown()).toEqual({ roles: ['admin', 'reader', 'approver'] });
  });

  it('says that the groups cannot be read while Graph is down, and signs in when it is back', async () => {
    const users = { 'ines@anteroom.example': { groupCount: 250 } };
    await control(stack.facts.entraUrl, { groupClaims: 'always', users });
    await control(stack.facts.graphUrl, { answer: 'error' });
    await openReport(accounts(stack).administrator);
    await page.getByRole('heading', { name: 'Your groups cannot be read now' }).waitFor();
    await resetControl(stack.facts.graphUrl);
    await page.getByRole('link', { name: 'Try again' }).click();
    await page.waitForURL(`${byGroups}/api/report`);
    expect(await shown()).toEqual({ roles: ['admin', 'reader', 'approver'] });
  });
});
