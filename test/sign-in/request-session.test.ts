import type { FoundSession } from '../../src/sessions/session-store';
import { frontChannelLogoutFunction } from '../../src/functions/logout';
import { findSession, keepSession } from '../../src/sign-in/guards';
import type { RevalidationRequest } from '../../src/tokens/revalidate';
import { longEnough } from '../support/auth-fixture';
import { type ContextFixture, createContextFixture } from '../support/context-fixture';
import { start, userOf } from '../support/session-fixture';

const idleSeconds = 600;
const revalidateSeconds = 300;

let fixture: ContextFixture;

beforeEach(async () => {
  fixture = await createContextFixture({
    SESSION_IDLE_SECONDS: `${idleSeconds}`,
    SESSION_REVALIDATE_SECONDS: `${revalidateSeconds}`,
  });
});
afterEach(() => fixture.stop());

/** Keeps a session past half of its idle time, with a provider that answers as `verified` says. */
async function keep(
  slide: boolean,
  verified: (found: FoundSession) => FoundSession | undefined,
  after = idleSeconds / 2 + 1,
) {
  const { ticket } = await fixture.signIn();
  fixture.now = start + after;
  const { services } = fixture;
  const found = await services.sessions.read(ticket, fixture.now, longEnough());
  if (found === undefined) throw new Error('the session is gone');
  const asked: RevalidationRequest[] = [];
  const context = fixture.context('/reports');
  const revalidate = (request: RevalidationRequest) => {
    asked.push(request);
    return Promise.resolve(verified(request.found));
  };
  fixture.writes = 0;
  const kept = await keepSession(
    { ...context, services: { ...services, revalidate } },
    { ...found, ticket },
    slide,
  );
  return { kept, asked };
}

/** The work may have been shared with a request that slides nothing. */
const again = (found: FoundSession): FoundSession => ({
  ...found,
  session: { ...found.session, verifiedAt: fixture.now },
});

describe('keepSession', () => {
  it.each([
    ['not before the last ID token is too old', revalidateSeconds - 1, 0],
    ['when it is', revalidateSeconds, 1],
  ])('asks the provider %s', async (_, after, times) => {
    const { kept, asked } = await keep(true, (found) => found, after);
    expect(asked).toHaveLength(times);
    expect(kept?.session.verifiedAt).toBe(start);
  });

  it('renews a session that the provider need not vouch for yet', async () => {
    const { kept } = await keep(true, (found) => found);
    expect(kept?.session.idleExpiresAt).toBe(fixture.now + idleSeconds);
    expect(fixture.writes).toBe(1);
  });

  it('moves the idle limit on though another request had the provider asked without sliding', async () => {
    const { kept } = await keep(true, again);
    expect(kept?.session.verifiedAt).toBe(fixture.now);
    expect(fixture.writes).toBe(1);
  });

  it.each([true, false])('lets the provider’s answer slide the session: %s', async (slide) => {
    const { asked } = await keep(slide, (found) => found);
    expect(asked.map((request) => request.slide)).toEqual([slide]);
    expect(fixture.writes).toBe(slide ? 1 : 0);
  });

  it('keeps nothing that was ended meanwhile', async () => {
    expect((await keep(true, () => undefined)).kept).toBeUndefined();
    const { ticket } = await fixture.signIn();
    fixture.now += idleSeconds / 2 + 1;
    const { services } = fixture;
    const found = await services.sessions.read(ticket, fixture.now, longEnough());
    if (found === undefined) throw new Error('the session is gone');
    await services.sessions.end(ticket, found.session, longEnough());
    const context = fixture.context('/reports');
    expect(await keepSession(context, { ...found, ticket }, true)).toBeUndefined();
  });
});

describe('an app of several tenants', () => {
  const allowed = '11111111-1111-4111-8111-111111111111';
  const removed = '99999999-9999-4999-8999-999999999999';
  const issuerOf = (tenant: string) => `https://login.microsoftonline.com/${tenant}/v2.0`;
  let several: ContextFixture;

  beforeEach(async () => {
    several = await createContextFixture({
      ENTRA_TENANT_ID: 'organizations',
      ENTRA_ALLOWED_TENANTS: allowed,
      ENTRA_AUTHORITY: issuerOf('organizations'),
    });
  });
  afterEach(() => several.stop());

  const find = async (tenantId: string | undefined) => {
    const { cookie } = await several.signIn({ user: { ...userOf(), tenantId } });
    return findSession(several.context('/reports', { headers: { cookie } }));
  };

  it('knows a session of an allowed tenant, and none of a tenant that left the list', async () => {
    expect((await find(allowed))?.session.user.tenantId).toBe(allowed);
    expect(await find(removed)).toBeUndefined();
    expect(await find(undefined)).toBeUndefined();
  });

  it.each([
    ['of any tenant', issuerOf(removed), false],
    ['that is the template', issuerOf('{tenantid}'), true],
    ['of another host', `https://login.example/${allowed}/v2.0`, true],
  ])('ends sessions at the provider’s sign-out with an iss %s', async (_what, iss, isKept) => {
    const { cookie } = await several.signIn({ user: { ...userOf(), tenantId: allowed } });
    const query = new URLSearchParams({ sid: 'sid-of-the-provider', iss });
    const frame = several.context(`/auth/front-channel-logout?${query.toString()}`);
    await frontChannelLogoutFunction.get?.(frame);
    const found = await findSession(several.context('/reports', { headers: { cookie } }));
    expect(found !== undefined).toBe(isKept);
  });
});
