import type { Ended } from '../../src/pages/session-table';
import {
  audited,
  leaveEndedNotice,
  parseNamedKey,
  takeEndedNotice,
} from '../../src/sign-in/ending';
import {
  createContextFixture,
  type ContextFixture,
  type TestContext,
} from '../support/context-fixture';
import { AppError } from '../../src/errors';
import { thrownBy } from '../support/thrown-by';

let fixture: ContextFixture;

beforeAll(async () => {
  fixture = await createContextFixture();
});
afterAll(() => fixture.stop());

const by = 'administratorAdministratorAdministratorAdmi';
const of = 'somebodySomebodySomebodySomebodySomebodySom';
const session = 'sessionsSessionsSessionsSessionsSessionsSes';
describe('audited', () => {
  it('tells who did what to whom, and how often, by prefixes that open nothing', async () => {
    const context = fixture.context('/auth/admin/end');
    const action = { why: 'end session', by, of, session } as const;
    expect(await audited(context, action, () => Promise.resolve(1))).toBe(1);
    expect(context.told).toEqual([
      {
        level: 'info',
        event: 'session ended',
        outcome: 'done',
        by: 'administ',
        of: 'somebody',
        session: 'sessions',
        why: 'end session',
        count: 1,
      },
    ]);
  });

  it('names no session where several are meant', async () => {
    const context = fixture.context('/auth/admin/end');
    const action = { why: 'end all sessions of user', by, of } as const;
    await audited(context, action, () => Promise.resolve(7));
    expect(context.told).toEqual([
      expect.not.objectContaining({ session: expect.anything() as unknown }),
    ]);
    expect(context.told).toMatchObject([{ count: 7 }]);
  });

  it('tells of work that fails, without what the error says', async () => {
    const context = fixture.context('/auth/admin/end');
    const failure = new Error('hunter2');
    const action = { why: 'sign-out', by, of: by } as const;
    const work = audited(context, action, () => Promise.reject(failure));
    await expect(work).rejects.toBe(failure);
    expect(context.told).toMatchObject([
      { level: 'error', outcome: 'failed', code: 'ERR_INTERNAL' },
    ]);
    expect(context.lines.join()).not.toContain('hunter2');
  });

  it('tells of work that a fault stopped in the middle', async () => {
    const context = fixture.context('/auth/admin/end');
    const fault = new AppError('ERR_STORAGE_UNAVAILABLE', { note: 'nobody listens' });
    const action = { why: 'end everybody', by, of: 'everybody' } as const;
    await audited(context, action, () => Promise.resolve({ count: 40, fault }));
    expect(context.told).toMatchObject([
      { level: 'warn', outcome: 'partial', of: 'everybody', count: 40, note: 'nobody listens' },
    ]);
  });
});

let noticeFixture: ContextFixture;

beforeAll(async () => {
  noticeFixture = await createContextFixture();
});
afterAll(() => noticeFixture.stop());

const list = (cookie = '') =>
  noticeFixture.context('/auth/sessions', { headers: cookie === '' ? {} : { cookie } });
const headerOf = ({ cookies }: TestContext) =>
  cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
const withContent = (content: object | number) => {
  const value = Buffer.from(JSON.stringify(content)).toString('base64url');
  return `anteroom-7071-notice-ended=${value}`;
};

describe('the notice of what was ended', () => {
  it.each<Ended>([
    { count: 0 },
    { count: 1 },
    { count: 57, name: 'Tomás Lindqvist' },
    { count: 2, name: '田中 美; "x"' },
  ])('tells the next list that it was %j, once', (ended) => {
    const ending = noticeFixture.context('/auth/sessions/end', { method: 'POST' });
    leaveEndedNotice(ending, ended);
    const next = list(headerOf(ending));
    expect(takeEndedNotice(next)).toEqual(ended);
    expect(next.cookies).toEqual([expect.objectContaining({ value: '', maxAge: 0 })]);
  });

  it('is absent where nothing was ended', () => {
    const context = list();
    expect(takeEndedNotice(context)).toBeUndefined();
    expect(context.cookies).toEqual([]);
  });

  it.each<[string, object | number]>([
    ['no object', 3],
    ['a list', [3]],
    ['another member', { ended: 3 }],
    ['a text', { count: '3' }],
    ['less than nothing', { count: -1 }],
    ['half a session', { count: 0.5 }],
    ['too many to count', { count: 1e300 }],
    ['a name that is no text', { count: 1, name: 5 }],
  ])('tells nothing when the cookie holds %s, and takes it away', (_name, content) => {
    const context = list(withContent(content));
    expect(takeEndedNotice(context)).toBeUndefined();
    expect(context.cookies).toEqual([expect.objectContaining({ maxAge: 0 })]);
  });
});

describe('parseNamedKey', () => {
  it('takes a SHA-256 in base64url', () => {
    const key = `${'Ab1_-'.repeat(8)}xyz`;
    expect(parseNamedKey(key, 'session')).toBe(key);
  });

  it.each([
    ['nothing', undefined],
    ['an empty text', ''],
    ['one character too few', 'a'.repeat(42)],
    ['one character too many', 'a'.repeat(44)],
    ['plain base64', `${'a'.repeat(42)}+`],
    ['padding', `${'a'.repeat(42)}=`],
    ['a quote, which a filter could be left by', `${'a'.repeat(42)}'`],
    ['a colon, which names another kind of row', `${'a'.repeat(42)}:`],
    ['a line end', `${'a'.repeat(43)}\n`],
  ])('refuses %s, and repeats only the name of the field', (_name, value) => {
    const thrown = thrownBy(() => parseNamedKey(value, 'session'));
    expect(thrown).toMatchObject({ code: 'ERR_BAD_REQUEST', note: 'session is not a key' });
  });
});
