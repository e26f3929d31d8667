import { audited } from '../../src/guards/audited';
import type { ExchangeFixture } from '../support/exchange-fixture';
import { createExchangeFixture } from '../support/exchange-fixture';
import { start } from '../support/session-fixture';

let fixture: ExchangeFixture;

beforeAll(async () => {
  fixture = await createExchangeFixture();
});
afterAll(() => fixture.stop());

const by = 'administratorAdministratorAdministratorAdmi';
const of = 'somebodySomebodySomebodySomebodySomebodySom';
const session = 'sessionsSessionsSessionsSessionsSessionsSes';
const at = new Date(start * 1000).toISOString();

function entryIn(line: string | undefined): { level: string; entry: unknown } {
  const [, level = '', text = ''] = /^(\w+) audit (\{.*\})$/.exec(line ?? '') ?? [];
  return { level, entry: JSON.parse(text) };
}

describe('audited', () => {
  it('leaves who did what to whom, when and how often, by prefixes that open nothing', async () => {
    const exchange = fixture.exchange('/auth/admin/end');
    const action = { event: 'end session', by, of, session } as const;
    expect(await audited(exchange, action, () => Promise.resolve(1))).toBe(1);
    expect(exchange.lines).toHaveLength(1);
    expect(entryIn(exchange.lines[0])).toEqual({
      level: 'info',
      entry: {
        event: 'end session',
        by: 'administ',
        of: 'somebody',
        session: 'sessions',
        at,
        outcome: 'done',
        count: 1,
      },
    });
  });

  it('names no session where several are meant', async () => {
    const exchange = fixture.exchange('/auth/admin/end');
    const action = { event: 'end all sessions of user', by, of } as const;
    await audited(exchange, action, () => Promise.resolve(7));
    expect(entryIn(exchange.lines[0]).entry).toEqual(
      expect.not.objectContaining({ session: expect.anything() as unknown }),
    );
    expect(entryIn(exchange.lines[0]).entry).toMatchObject({ count: 7 });
  });

  it('leaves a line, too, when the work fails, without what the error says', async () => {
    const exchange = fixture.exchange('/auth/admin/end');
    const failure = new Error('hunter2');
    const work = audited(exchange, { event: 'sign-out', by, of: by }, () =>
      Promise.reject(failure),
    );
    await expect(work).rejects.toBe(failure);
    expect(entryIn(exchange.lines[0])).toMatchObject({
      level: 'error',
      entry: { outcome: 'failed' },
    });
    expect(exchange.lines.join()).not.toContain('hunter2');
  });
});
