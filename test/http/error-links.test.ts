import { AppError, SignInRefusedError } from '../../src/errors';
import { errorLinks, loginPathIn } from '../../src/http/error-links';
import type { ExchangeFixture } from '../support/exchange-fixture';
import { createExchangeFixture } from '../support/exchange-fixture';

let fixture: ExchangeFixture;

beforeAll(async () => {
  fixture = await createExchangeFixture();
});
afterAll(() => fixture.stop());

const answer = '/auth/redirect?hop=1&code=c&state=s';

function firstLink(error: AppError, path: string, returnPath?: string) {
  const exchange = fixture.exchange(path);
  exchange.visitor.returnPath = returnPath;
  const links = errorLinks(error, exchange);
  expect(links.at(-1)).toEqual({ href: '/', text: 'Home' });
  return { ...links[0], loginPath: loginPathIn(links, exchange) };
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

  it('name no way to sign in after an error that is none of a sign-in', () => {
    const { loginPath } = firstLink(new AppError('ERR_STORAGE_UNAVAILABLE'), '/auth/me');
    expect(loginPath).toBeUndefined();
  });
});
