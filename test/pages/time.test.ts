import { describeDistance } from '../../src/pages/time';

describe('describeDistance', () => {
  it.each([
    [0, 'just now'],
    [-29, 'just now'],
    [20, 'in a moment'],
    [-60, '1 minute ago'],
    [-59 * 60, '59 minutes ago'],
    [-3600, '1 hour ago'],
    [3580, 'in 1 hour'],
    [43_180, 'in 12 hours'],
    [-47 * 3600, '47 hours ago'],
    [30 * 86_400, 'in 30 days'],
  ])('%d seconds: %s', (seconds, words) => {
    expect(describeDistance(seconds)).toBe(words);
  });
});
