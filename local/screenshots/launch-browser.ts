import { existsSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import chromium from '@sparticuz/chromium';
import type { Browser } from 'playwright-core';
import { chromium as playwright } from 'playwright-core';

/** The Chromium of `CHROME_PATH`, else the one of `@sparticuz/chromium` with the font it brings along. */
export async function launchBrowser(): Promise<Browser> {
  const { CHROME_PATH = '' } = process.env;
  const executablePath = CHROME_PATH === '' ? await chromium.executablePath() : CHROME_PATH;
  return playwright.launch({
    executablePath,
    headless: true,
    args: ['--no-sandbox', '--no-zygote', '--disable-gpu', '--disable-dev-shm-usage'],
    env: { ...process.env, ...(await fontSettings()) },
  });
}

/** A machine without a desktop has no font worth showing; on others the system's own is taken. */
async function fontSettings(): Promise<Record<string, string>> {
  const fonts = join(tmpdir(), 'fonts');
  if (process.platform !== 'linux' || !existsSync(join(fonts, 'fonts.conf'))) return {};
  const folder = await mkdtemp(join(tmpdir(), 'anteroom-fonts-'));
  const file = join(folder, 'fonts.conf');
  const prefer = (family: string, font: string) =>
    `<alias><family>${family}</family><prefer><family>${font}</family></prefer></alias>`;
  await writeFile(
    file,
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<dir>${fonts}</dir><dir>/usr/share/fonts</dir><cachedir>${folder}</cachedir>
${prefer('system-ui', 'Open Sans')}${prefer('ui-monospace', 'DejaVu Sans Mono')}</fontconfig>`,
  );
  return { FONTCONFIG_FILE: file };
}
