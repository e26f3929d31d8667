import { execFileSync } from 'node:child_process';
import { type Browser, chromium } from 'playwright-core';

let executable: string | undefined;

/** Where Chromium is: `CHROME_PATH`, else the one that `@sparticuz/chromium` unpacks (an ES module, so in a process of its own). */
function chromiumPath(): string {
  const { CHROME_PATH } = process.env;
  if (CHROME_PATH !== undefined && CHROME_PATH !== '') return CHROME_PATH;
  executable ??= execFileSync(
    process.execPath,
    [
      '-e',
      "import('@sparticuz/chromium').then((c) => c.default.executablePath()).then(console.log)",
    ],
    // Unpacked once for all runs.
    { encoding: 'utf8', env: { ...process.env, TMPDIR: process.env['TEST_MACHINE_FOLDER'] } },
  ).trim();
  return executable;
}

/** A real Chromium with its security as shipped: the package's own arguments would switch off what is tested here. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath(),
    headless: true,
    timeout: 120_000,
    // Each page and site may have a process of its own, and one that is free is taken again: a new one costs more than the page.
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
      '--renderer-process-limit=1',
    ],
  });
}
