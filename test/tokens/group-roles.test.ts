import type { RelyingParty } from '../../src/entra/msal';
import { createApis } from '../../src/tokens/call-api';
import {
  createRolesOf,
  type GroupRolesOption,
  readGroupRoles,
  type RolesOf,
} from '../../src/tokens/group-roles';
import { type FinishedSignIn, finishSignIn } from '../../src/sign-in/finish';
import {
  adaClaims,
  createRelyingParty,
  failureOf,
  graphOf,
  longEnough,
  ownAttempt,
  tokenBody,
} from '../support/auth-fixture';
import { stopClockAt } from '../support/fixed-clock';
import { start } from '../support/session-fixture';
import { startTinyProvider, type TinyProvider } from '../support/tiny-provider';

const readers = '0a4d6f1c-8b1e-4c57-9d7e-2f1b3c5d7e90';
const approvers = '5e2b9c34-1f6a-4d0b-8c3e-7a9b1c2d3e4f';
const guidOf = (index: number) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;

describe('readGroupRoles', () => {
  it('takes ids in any case, and one role or a list', () => {
    const map = readGroupRoles({ [readers.toUpperCase()]: 'reader', [approvers]: ['a', 'b'] });
    expect([...map]).toEqual([
      [readers, ['reader']],
      [approvers, ['a', 'b']],
    ]);
  });

  it.each([
    ['the name of a group', { Readers: 'reader' }],
    ['braces around an id', { [`{${readers}}`]: 'reader' }],
    ['an empty role', { [readers]: '' }],
    ['no role', { [readers]: [] }],
    ['a role that is no text', { [readers]: [7] }],
    ['a role longer than any other', { [readers]: 'a'.repeat(257) }],
    [
      'too many groups',
      Object.fromEntries(Array.from({ length: 201 }, (_, index) => [guidOf(index), 'reader'])),
    ],
  ])('refuses %s', (_what, option) => {
    const read = () => readGroupRoles(option as Record<string, string>);
    expect(read).toThrow(TypeError);
    expect(read).toThrow(/^groupRoles/);
  });
});

describe('the roles of a user', () => {
  let tiny: TinyProvider;
  let auth: RelyingParty;
  /** The ids that Graph was asked about, by request. */
  let asked: string[][];

  beforeEach(async () => {
    // MSAL looks at the system's clock.
    stopClockAt(start);
    tiny = await startTinyProvider();
    auth = createRelyingParty(tiny, () => start);
    asked = [];
  });
  afterEach(() => tiny.stop());

  /** A sign-in of Ada with these claims beside her usual ones; `admin` is her role. */
  async function signIn(claims: Record<string, unknown>): Promise<FinishedSignIn> {
    const attempt = ownAttempt(start);
    const { nonce } = attempt;
    const idToken = await tiny.sign({ ...adaClaims(tiny, start), nonce, ...claims });
    tiny.token = () => ({ body: tokenBody(idToken) });
    const callback = { kind: 'code', state: undefined, issuer: undefined, code: 'c' } as const;
    return finishSignIn(auth, attempt, callback, { now: start, signal: longEnough() });
  }

  const option: GroupRolesOption = { [readers]: 'reader', [approvers]: ['reader', 'approver'] };

  function rolesOf(groupRoles: GroupRolesOption, graph = graphOf(tiny)): RolesOf | undefined {
    const apis = createApis([graph], () => start);
    return createRolesOf({ relyingParty: auth, apis, groupRoles: readGroupRoles(groupRoles) });
  }

  async function rolesWith(claims: Record<string, unknown>, { groupRoles = option } = {}) {
    const finished = await signIn(claims);
    const found = await rolesOf(groupRoles)?.(finished, start, longEnough());
    return found ?? { roles: [], tokenCache: '' };
  }

  /** Graph knows that the user is in these groups. */
  function memberOf(...groups: string[]): void {
    tiny.answers.set('/me/checkMemberObjects', (body) => {
      const { ids } = JSON.parse(body) as { ids: string[] };
      asked.push(ids);
      return { body: { value: ids.filter((id) => groups.includes(id)) } };
    });
  }

  const overage = {
    _claim_names: { groups: 'src1' },
    _claim_sources: { src1: { endpoint: 'https://evil.example/getMemberObjects' } },
  };

  it.each([
    ['those of the token alone without a group', {}, ['admin']],
    ['those of the token alone for a group that nobody named', { groups: [guidOf(1)] }, ['admin']],
    ['one more for a group', { groups: [readers] }, ['admin', 'reader']],
    [
      'each once, in whatever case the ids are',
      { groups: [approvers.toUpperCase(), readers] },
      ['admin', 'reader', 'approver'],
    ],
    ['no group for a name of one', { groups: ['reader'] }, ['admin']],
  ])('are %s', async (_what, claims, roles) => {
    expect((await rolesWith(claims)).roles).toEqual(roles);
    expect(tiny.count('/me/checkMemberObjects')).toBe(0);
  });

  it.each([
    ['_claim_names', overage],
    ['hasgroups', { hasgroups: true }],
    ['hasgroups as a text', { hasgroups: 'true' }],
  ])('come from Graph where %s says that there are too many groups', async (_what, claims) => {
    memberOf(approvers);
    const { roles } = await rolesWith(claims);
    expect(roles).toEqual(['admin', 'reader', 'approver']);
    expect(asked).toEqual([[readers, approvers]]);
  });

  it('are asked of Graph for twenty groups at once, which is the most that it takes', async () => {
    const all = Array.from({ length: 45 }, (_, index) => guidOf(index));
    memberOf(guidOf(0), guidOf(44));
    const groupRoles = Object.fromEntries(all.map((id, index) => [id, `role-${index}`]));
    const { roles } = await rolesWith(overage, { groupRoles });
    expect(roles).toEqual(['admin', 'role-0', 'role-44']);
    expect(asked.map(({ length }) => length).sort()).toEqual([20, 20, 5]);
  });

  it('need neither claims nor Graph where the app names no group', () => {
    expect(rolesOf({})).toBeUndefined();
  });

  it('are asked with a token for Graph, which a sign-in without any API fetches first', async () => {
    memberOf(readers);
    const finished = await signIn(overage);
    // The sign-in brought a token for another API.
    const tokenCache = finished.tokenCache.replaceAll(/user\.read/gi, 'api://orders/Read');
    tiny.token = () => ({
      body: tokenBody('', { access_token: 'graph-token', id_token: undefined }),
    });
    const ask = rolesOf(option, { ...graphOf(tiny), scopes: [] });
    const found = await ask?.({ ...finished, tokenCache }, start, longEnough());
    expect(found?.roles).toEqual(['admin', 'reader']);
    expect(tiny.forms.at(-1)?.get('scope')).toMatch(/^User\.Read /);
    // It is kept, so that it need not be fetched again.
    expect(found?.tokenCache).toContain('graph-token');
  });

  it.each([
    ['a text', { groups: readers }],
    ['numbers', { groups: [7] }],
    ['no object of names', { _claim_names: 'groups' }],
  ])('are not guessed from %s', async (_what, claims) => {
    const failure = await failureOf(rolesWith(claims));
    expect(failure).toMatchObject({
      code: 'ERR_ID_TOKEN',
      note: 'the ID token failed the check of groups',
    });
  });

  it.each([
    ['busy', { status: 429, headers: { 'retry-after': '30' }, body: {} }, 'UNAVAILABLE', 30],
    ['failing', { status: 500, body: {} }, 'UNAVAILABLE', 10],
    ['refusing', { status: 403, body: {} }, 'REFUSED', undefined],
    ['refusing the token', { status: 401, body: {} }, 'REFUSED', undefined],
    ['without such a user', { status: 404, body: {} }, 'REFUSED', undefined],
    ['redirecting', { status: 302, headers: { location: '/' }, body: {} }, 'REFUSED', undefined],
    ['talking of something else', { body: { groups: [readers] } }, 'REFUSED', undefined],
    ['no JSON', { body: '<html>' }, 'REFUSED', undefined],
    ['endless', { body: JSON.stringify({ value: ['a'.repeat(20_000)] }) }, 'REFUSED', undefined],
  ])('are unknown with Graph %s', async (_what, answer, end, retryAfterSeconds) => {
    tiny.answers.set('/me/checkMemberObjects', answer);
    const failure = await failureOf(rolesWith(overage));
    expect(failure).toMatchObject({ code: `ERR_GROUPS_${end}`, retryAfterSeconds });
  });

  it('are unknown when Graph does not answer in its part of the time', async () => {
    jest.useFakeTimers({
      ...{ now: start * 1000, doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] },
    });
    const reached = Promise.withResolvers<undefined>();
    tiny.answers.set('/me/checkMemberObjects', () => {
      reached.resolve(undefined);
      return { body: {}, hangs: true };
    });
    const failure = failureOf(rolesWith(overage));
    await reached.promise;
    await jest.advanceTimersByTimeAsync(3_000);
    expect((await failure).code).toBe('ERR_GROUPS_UNAVAILABLE');
  });
});
