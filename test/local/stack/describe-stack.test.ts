import { describeStep, type StackStep, tellStep } from '../../../local/stack/options';

describe('describeStep', () => {
  it('shows a step as it begins and as it ends, with its time and place', () => {
    expect(describeStep({ name: 'The app' })).toBe('  \u2026 The app');
    expect(
      describeStep({ name: 'The app', seconds: 0.456, address: 'http://localhost:1' }),
    ).toMatch(/^ {2}\u2713 The app +0\.5 s {3}http:\/\/localhost:1$/);
    expect(describeStep({ name: 'The app', seconds: 12 })).toMatch(/ 12\.0 s$/);
  });
});

describe('tellStep', () => {
  it('tells of the beginning before the work and of the end after it', async () => {
    const told: (StackStep | string)[] = [];
    const done = await tellStep(
      { onStep: (step) => told.push(step) },
      'work',
      () => {
        told.push('working');
        return Promise.resolve(7);
      },
      String,
    );
    expect(done).toBe(7);
    expect(told).toEqual([
      { name: 'work' },
      'working',
      { name: 'work', seconds: expect.any(Number) as number, address: '7' },
    ]);
  });

  it('tells of no end when the work fails', async () => {
    const told: StackStep[] = [];
    const failing = tellStep({ onStep: (step) => told.push(step) }, 'work', () =>
      Promise.reject(new Error('no')),
    );
    await expect(failing).rejects.toThrow('no');
    expect(told).toEqual([{ name: 'work' }]);
  });
});
