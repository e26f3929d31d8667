import { signOut } from '../../src/guards/sign-out';
import { createExchangeFixture, type ExchangeFixture } from '../support/exchange-fixture';
import { limits, start } from '../support/session-fixture';

let fixture: ExchangeFixture;

beforeEach(async () => {
  fixture = await createExchangeFixture();
});
afterEach(() => fixture.stop());

async function signOutWith(cookie: string) {
  const exchange = fixture.exchange('/auth/logout', { method: 'POST', headers: { cookie } });
  const { url, notice } = await signOut(exchange, {});
  return { hint: new URL(url).searchParams.get('logout_hint'), ...notice };
}

describe('signOut tells the provider whom to sign out', () => {
  it('while the session lives', async () => {
    const { cookie } = await fixture.signIn();
    expect(await signOutWith(cookie)).toMatchObject({ hint: 'hint-for-logout', session: 'ended' });
  });

  it.each([
    ['idled out', limits.idleSeconds],
    ['reached its longest life', limits.lifetimeSeconds],
  ])('after the session has %s', async (_what, seconds) => {
    const { cookie } = await fixture.signIn();
    fixture.now = start + seconds;
    expect(await signOutWith(cookie)).toMatchObject({ hint: 'hint-for-logout', session: 'none' });
  });

  it('at a second click, for a minute', async () => {
    const { cookie } = await fixture.signIn();
    await signOutWith(cookie);
    expect(await signOutWith(cookie)).toMatchObject({ hint: 'hint-for-logout', session: 'none' });
    fixture.now = start + 60;
    expect(await signOutWith(cookie)).toMatchObject({ hint: null, session: 'none' });
  });

  it('not when the session was ended elsewhere: nothing is left of it', async () => {
    const { cookie, ticket } = await fixture.signIn();
    await fixture.services.sessions.endAllOf(ticket.userKey, AbortSignal.timeout(60_000));
    expect(await signOutWith(cookie)).toMatchObject({ hint: null, session: 'none' });
  });
});
