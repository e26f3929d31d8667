import { signOutUrl } from '../../src/auth/sign-out-url';
import { authParts, longEnough } from '../support/auth-fixture';
import { clientId, paths, startTinyProvider, type TinyProvider } from '../support/tiny-provider';

let tiny: TinyProvider;
beforeEach(async () => {
  tiny = await startTinyProvider();
});
afterEach(() => tiny.stop());

const urlFor = async (loginHint: string | undefined) => {
  const parts = authParts(tiny, () => 1);
  return new URL(await signOutUrl(parts, loginHint, longEnough()));
};

describe('signOutUrl', () => {
  it('is the end-session endpoint with hint and way back', async () => {
    const url = await urlFor('O.hint of&ada');
    expect(url.origin + url.pathname).toBe(tiny.origin + paths.logout);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: clientId,
      logout_hint: 'O.hint of&ada',
      post_logout_redirect_uri: 'http://localhost:7071/auth/signed-out',
    });
  });

  it('has no hint when the session has none', async () => {
    expect((await urlFor(undefined)).searchParams.has('logout_hint')).toBe(false);
  });

  it('keeps the query of the endpoint, as B2C policies need', async () => {
    tiny.metadata = { end_session_endpoint: `${tiny.origin}/logout?p=b2c_1_in` };
    expect((await urlFor('h')).searchParams.get('p')).toBe('b2c_1_in');
  });

  it('is our own page when the provider has none', async () => {
    tiny.metadata = { end_session_endpoint: undefined };
    expect((await urlFor('h')).href).toBe('http://localhost:7071/auth/signed-out');
  });
});
