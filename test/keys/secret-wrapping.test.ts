import { createSecretWrapping } from '../../src/keys/secret-wrapping';
import { longEnough } from '../support/auth-fixture';

const wrappingOf = (fill: number) => createSecretWrapping(new Uint8Array(32).fill(fill));
const content = Buffer.from('sixty-five bytes or so of a secret together with its place');

describe('createSecretWrapping', () => {
  it('unwraps what it wrapped, in another instance too', async () => {
    const key = await wrappingOf(1).wrap(content, longEnough());

    expect(Buffer.from(key.wrapped).includes(content.subarray(0, 8))).toBe(false);
    expect(await wrappingOf(1).unwrap(key, longEnough())).toEqual(content);
  });

  it('never wraps alike twice, and names the secret without telling it', async () => {
    const [one, two] = await Promise.all(
      [1, 1].map((fill) => wrappingOf(fill).wrap(content, longEnough())),
    );

    expect(one?.wrapped).not.toEqual(two?.wrapped);
    expect(one?.version).toBe(two?.version);
    expect(one?.version).toMatch(/^secret\.[A-Za-z0-9_-]{8}$/);
    expect((await wrappingOf(2).wrap(content, longEnough())).version).not.toBe(one?.version);
  });

  it('opens nothing that another secret wrapped, or that was changed', async () => {
    const key = await wrappingOf(1).wrap(content, longEnough());
    const changed = Uint8Array.from(key.wrapped);
    changed.set([(changed[40] ?? 0) ^ 1], 40);

    expect(await wrappingOf(2).unwrap(key, longEnough())).toBeUndefined();
    expect(await wrappingOf(1).unwrap({ ...key, wrapped: changed }, longEnough())).toBeUndefined();
  });
});
