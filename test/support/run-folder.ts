import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/**
 * Makes a temporary folder for this run alone, the one that `tmpdir()` names from now on in every process of
 * the run. What is made once for all runs stays outside.
 */
export function makeRunFolder(): void {
  const above = realpathSync(tmpdir());
  // A run that a test starts shares what is outside with the run of that test.
  const { TEST_MACHINE_FOLDER: machine = above } = process.env;
  Object.assign(process.env, {
    TMPDIR: mkdtempSync(join(above, 'anteroom-')),
    TEST_MACHINE_FOLDER: machine,
    // TypeScript keeps its compiled code in the temporary folder.
    NODE_COMPILE_CACHE: join(machine, 'node-compile-cache'),
  });
}

/** The packages, which several suites use. */
export const packedFolder = 'packed';

/** What Chromium makes for itself and does not always take away when it is closed. */
const ofChromium = '.org.chromium.';

/**
 * Removes the folder of the run.
 * @throws Error naming what tests have left in it: each removes its own
 */
export function removeRunFolder(): void {
  const { TEST_MACHINE_FOLDER: isMade, TMPDIR: folder } = process.env;
  if (isMade === undefined || folder === undefined) return;
  const left = readdirSync(folder).filter(
    (name) => name !== packedFolder && !name.startsWith(ofChromium),
  );
  rmSync(folder, { recursive: true, maxRetries: 5 });
  process.env['TMPDIR'] = dirname(folder);
  if (left.length > 0) {
    throw new Error(`Tests left behind in the temporary folder: ${left.join(', ')}`);
  }
}
