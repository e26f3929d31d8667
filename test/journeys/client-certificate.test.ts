import {
  accounts,
  fetchJson,
  signIn,
  signInWithExpiredToken,
  startJourney,
} from '../support/journey';
import type { TestStack } from '../support/start-stack';
import { words } from '../support/test-browser';
import { createThrowawayCertificate } from '../support/throwaway-certificate';

const certificate = createThrowawayCertificate();
const stranger = createThrowawayCertificate();
const pemOf = ({ privateKeyPem, certificatePem }: typeof certificate) =>
  privateKeyPem + certificatePem;

describe('ENTRA_CLIENT_CERTIFICATE', () => {
  let stack: TestStack;

  beforeAll(async () => {
    stack = await startJourney({
      apps: 0,
      appEnv: { ENTRA_CLIENT_SECRET: '' },
      registration: { certificates: [certificate.certificatePem] },
    });
  });
  afterAll(() => stack.stop());

  it('proves the app to the provider: at sign-in and at each refresh', async () => {
    const app = await stack.startApp({ env: { ENTRA_CLIENT_CERTIFICATE: pemOf(certificate) } });
    const { browser, page } = await signInWithExpiredToken(
      stack,
      app.url,
      accounts(stack).administrator,
    );
    expect(words(page.text)).toContain(accounts(stack).administrator);
    expect((await fetchJson(`${app.url}/auth/me`, browser)).status).toBe(200);
  });

  it('may have its lines on one, as app settings often do', async () => {
    const oneLine = pemOf(certificate).replaceAll('\n', String.raw`\n`);
    const app = await stack.startApp({ env: { ENTRA_CLIENT_CERTIFICATE: oneLine } });
    const { page } = await signIn(app.url, accounts(stack).plainUser);
    expect(words(page.text)).toContain(accounts(stack).plainUser);
  });

  it('that is not registered signs nobody in, and the log names the number', async () => {
    const app = await stack.startApp({ env: { ENTRA_CLIENT_CERTIFICATE: pemOf(stranger) } });
    const { browser, page } = await signIn(app.url, accounts(stack).plainUser);
    expect(page.status).toBeGreaterThanOrEqual(400);
    expect(words(page.text)).toContain('ERR_PROVIDER_REFUSED');
    expect(await stack.output(app)).toContain('700027');
    expect((await fetchJson(`${app.url}/auth/session`, browser)).status).toBe(401);
  });
});
