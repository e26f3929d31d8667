import { RoleMissingError } from '../../src/errors';
import { withRole } from '../../src/guards/with-role';
import { failureOf } from '../support/auth-fixture';
import type { ExchangeFixture } from '../support/exchange-fixture';
import { createExchangeFixture } from '../support/exchange-fixture';
import { userOf } from '../support/session-fixture';

let fixture: ExchangeFixture;
let cookie: string;

beforeAll(async () => {
  fixture = await createExchangeFixture({ ADMIN_ROLE: 'Reports.Admin' });
  ({ cookie } = await fixture.signIn({ user: { ...userOf(), roles: ['reader', 'writer'] } }));
});
afterAll(() => fixture.stop());

const reports = () => fixture.exchange('/reports', { headers: { cookie } });
const answer = () => ({ status: 204 });

describe('withRole', () => {
  it.each(['reader', 'writer'])('opens to a user with the role %s', async (role) => {
    expect(await withRole(role, answer)(reports())).toEqual({ status: 204 });
  });

  it.each([
    ['another role', 'admin'],
    ['the role in another case', 'Reader'],
    ['a part of a role', 'read'],
    ['two roles at once', 'reader,writer'],
    ['no role at all', ''],
  ])('is shut where it asks for %s, and names the role', async (_name, role) => {
    const handler = withRole(role, () => {
      throw new Error('the handler must not run');
    });
    const failure = await failureOf(Promise.resolve(handler(reports())));
    expect(failure).toBeInstanceOf(RoleMissingError);
    expect(failure).toMatchObject({ status: 403, role });
  });

  it('leaves word of whom it refuses, for the page that tells them', async () => {
    const exchange = reports();
    const failure = await failureOf(Promise.resolve(withRole('admin', answer)(exchange)));
    expect(failure.code).toBe('ERR_ROLE_MISSING');
    expect(exchange.visitor.user).toEqual({ ...userOf(), roles: ['reader', 'writer'] });
  });

  it('finds the role in the settings when told how', async () => {
    const handler = withRole((settings) => settings.adminRole, answer);
    const failure = await failureOf(Promise.resolve(handler(reports())));
    expect(failure).toMatchObject({ role: 'Reports.Admin' });
    const admin = await fixture.signIn({ user: { ...userOf(), roles: ['Reports.Admin'] } });
    const exchange = fixture.exchange('/reports', { headers: { cookie: admin.cookie } });
    expect(await handler(exchange)).toEqual({ status: 204 });
  });

  it('asks a visitor without session to sign in first', async () => {
    const exchange = fixture.exchange('/reports', { headers: {} });
    const failure = await failureOf(Promise.resolve(withRole('reader', answer)(exchange)));
    expect(failure).toMatchObject({ code: 'ERR_SIGNED_OUT', status: 401 });
  });
});
