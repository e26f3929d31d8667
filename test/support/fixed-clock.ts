const machineClock = Date.now;

const timers = [
  ...(['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'nextTick'] as const),
  ...(['clearTimeout', 'clearInterval', 'clearImmediate', 'hrtime', 'performance'] as const),
] as const;

/** The middle of a key's period: no key of the ring is due, and none expires. */
const quietTime = '2026-07-21T12:00:00Z';

/**
 * Sets the clock of this test file, and of every process that it starts from now on with its environment, to a
 * known time, from which it goes on. Call it at the top of a file that counts keys or calls, or compares times:
 * such a file must not depend on the day on which it runs. Certificates go by the machine's clock all the same.
 * @param time ISO 8601; without it a time at which no key is due
 */
export function useFixedClock(time = quietTime): void {
  const offset = Date.parse(time) - machineClock();
  shiftDate(() => offset);
  Object.assign(process.env, clockEnvironment('', `() => ${offset}`));
}

/**
 * Stops the clock of this test file, timers aside, until it is set to another time or the file ends: for work that
 * looks at the system's clock itself, as MSAL does, beside a `now` that it is given.
 * @param now epoch seconds
 */
export function stopClockAt(now: number): void {
  jest.useFakeTimers({ now: now * 1000, doNotFake: [...timers] });
}

/**
 * For the environment of Node processes whose clock a test moves while they run: it is away from the machine's by the
 * milliseconds that stand in `file`.
 */
export function movableClock(file: string): { readonly NODE_OPTIONS: string } {
  const path = JSON.stringify(file);
  return clockEnvironment(
    `import{readFileSync}from'node:fs';const read=()=>Number(readFileSync(${path},'utf8'));`,
    'read',
  );
}

/** Milliseconds since 1970 by the machine's clock, whatever the clock of the tests says. */
export function machineNow(): number {
  return machineClock();
}

/** For the environment of a Node process: its clock is away from the machine's by what the function `offset` gives. */
function clockEnvironment(before: string, offset: string): { readonly NODE_OPTIONS: string } {
  const script = encodeURIComponent(`${before}(${shiftDate.toString()})(${offset})`);
  const others = process.env['NODE_OPTIONS'] ?? '';
  return { NODE_OPTIONS: `${others} --import=data:text/javascript,${script}`.trim() };
}

/** Runs in other processes too, as text: it may use nothing from outside itself. */
function shiftDate(offset: () => number): void {
  const { now } = Date;
  Date.now = () => now() + offset();
  globalThis.Date = new Proxy(Date, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [target.now()] : args, newTarget) as Date,
    apply: (target) => new target(target.now()).toString(),
  });
}
