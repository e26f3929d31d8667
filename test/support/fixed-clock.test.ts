import { execFileSync } from 'node:child_process';
import { machineNow, useFixedClock } from './fixed-clock';

const time = '2028-02-29T23:59:00Z';
const script = 'console.log(JSON.stringify([new Date(), Date.now(), new Date(0), Date()]))';
useFixedClock(time);

/** Room for a slow machine: what matters is the hour, not the second. */
function expectFixed(shown: string | number | Date): void {
  expect(new Date(shown).getTime() - Date.parse(time)).toBeGreaterThanOrEqual(-1000);
  expect(new Date(shown).toISOString()).toMatch(/^2028-(02-29T23:5|03-01T00:)/);
}

describe('useFixedClock', () => {
  it('sets the clock of the test file', () => {
    expectFixed(new Date());
    expectFixed(Date.now());
    expectFixed(Date());
    expect(new Date(0).toISOString()).toBe('1970-01-01T00:00:00.000Z');
    expect(new Date(2030, 0, 2).getFullYear()).toBe(2030);
    expect(new Date()).toBeInstanceOf(Date);
  });

  it('sets the clock of processes that get its environment', () => {
    const shown = execFileSync(process.execPath, ['-e', script], { env: process.env });
    const [made, now, epoch, text] = JSON.parse(shown.toString()) as [
      string,
      number,
      string,
      string,
    ];
    expectFixed(made);
    expectFixed(now);
    expectFixed(text);
    expect(epoch).toBe('1970-01-01T00:00:00.000Z');
  });

  it('leaves the machine its own', () => {
    const shown = execFileSync(process.execPath, ['-p', 'Date.now()'], {
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    expect(Math.abs(machineNow() - Number(shown.toString()))).toBeLessThan(600_000);
  });
});
