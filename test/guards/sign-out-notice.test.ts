import type { SignOutNotice } from '../../src/guards/sign-out-notice';
import { notDone, parseSignOutNotice } from '../../src/guards/sign-out-notice';

const done: SignOutNotice = { session: 'ended', others: undefined, provider: 'asked' };

describe('parseSignOutNotice', () => {
  it.each<SignOutNotice>([
    done,
    { session: 'none', others: 'kept', provider: 'left' },
    { session: 'kept', others: 'ended', provider: 'unreached', until: 1_800_000_000 },
  ])('takes back what was written: %j', (notice) => {
    expect(parseSignOutNotice(JSON.parse(JSON.stringify(notice)))).toEqual(notice);
  });

  it.each([
    null,
    'ended',
    {},
    { ...done, session: 'ENDED' },
    { ...done, session: ['ended'] },
    { ...done, others: 'some' },
    { ...done, provider: undefined },
    { ...done, until: '<b>' },
    { ...done, until: 1e15 },
    { ...done, until: 1.5 },
  ])('takes nothing else: %j', (content) => {
    expect(parseSignOutNotice(content)).toBeUndefined();
  });
});

describe('notDone', () => {
  it.each<[SignOutNotice, readonly string[]]>([
    [done, []],
    [{ ...done, session: 'none', provider: 'left' }, []],
    [{ ...done, session: 'kept' }, ['session']],
    [
      { session: 'kept', others: 'kept', provider: 'unreached' },
      ['session', 'everywhere', 'provider'],
    ],
  ])('of %j is %j', (notice, expected) => {
    expect(notDone(notice)).toEqual(expected);
  });
});
