import { globSync, readFileSync } from 'node:fs';

/** Two apps in one process share every module, so what a module keeps is kept for both of them. */
const state =
  /^(?:export )?(?:let \w+|const (\w+)(?:: [^=\n]+)? = (?:new (?:Weak)?(?:Map|Set)(?:<.*>)?\(\)|create[A-Z]\w*\())/gm;

/** Node's own, which make a value and no state. */
const values = /= create(?:SecretKey|Hash)\(/;

const allowed: Readonly<Record<string, string>> = {
  // By the object of one ring's key, so no other ring finds an entry.
  'src/keys/encryption.ts': 'derivedKeys',
};

// The client runs in a browser, where a page has its own modules.
const files = globSync('src/**/*.{ts,tsx}')
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => !file.startsWith('src/client/'));

describe('modules', () => {
  it('are found, and so is their state', () => {
    expect(files.length).toBeGreaterThan(40);
    const text =
      'let one;\nconst two = createPauses();\nconst three = new Map<string, number>();\n';
    expect([...text.matchAll(state)]).toHaveLength(3);
  });

  it.each(files)('%s keeps no state', (file) => {
    const found = [...readFileSync(file, 'utf8').matchAll(state)]
      .filter(([line]) => !values.test(line))
      .filter(([, name]) => name === undefined || allowed[file] !== name);
    expect(found.map(([line]) => line)).toEqual([]);
  });
});
