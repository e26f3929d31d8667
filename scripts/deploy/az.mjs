import { execFile } from 'node:child_process';

/** Ends a program: the message says what happened and what to do next. It is shown without a stack. */
export class Stop extends Error {
  /** @param {string} message @param {number} [exitCode] */
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The Azure CLI said no, or nothing in time, or something that cannot be read. */
export class AzFailure extends Error {
  /**
   * @param {string} said what it wrote to standard error; never its standard output, which may be a secret
   * @param {boolean} [isLate] it was stopped at its deadline: what it started may go on in Azure
   */
  constructor(said, isLate = false) {
    super(printable(withoutSecrets(said)));
    this.isLate = isLate;
  }
}

/**
 * `input` is for its standard input: what is secret, or what a shell would misread. After `deadlineMs` it is stopped; two minutes when left out.
 * @typedef {{ input?: string, deadlineMs?: number, env?: NodeJS.ProcessEnv }} AzOptions
 */

/**
 * Runs the Azure CLI and gives what it printed; `undefined` for nothing and for null. Others on the machine can read arguments.
 * @typedef {(args: readonly string[], options?: AzOptions) => Promise<unknown>} Az
 */

/**
 * @param {{ env: NodeJS.ProcessEnv, platform: NodeJS.Platform, interrupt?: AbortSignal }} surroundings `interrupt` stops what runs
 * @returns {Az} It throws Stop where there is no Azure CLI, AzFailure when it fails, and the reason of `interrupt`.
 */
export function createAz({ env, platform, interrupt }) {
  return async (args, { input = '', deadlineMs = 120_000, env: more } = {}) => {
    interrupt?.throwIfAborted();
    const words = [...args, '--only-show-errors', '--output', 'json'];
    const isWindows = platform === 'win32';
    // On Windows the Azure CLI is a batch file, which only a shell starts.
    const file = isWindows ? ['az', ...words.map(quoteForCmd)].join(' ') : 'az';
    const { error, stdout, stderr } = await new Promise((resolve) => {
      const options = { env: { ...env, ...more }, timeout: deadlineMs, maxBuffer: 2 ** 26 };
      const child = execFile(
        file,
        isWindows ? [] : words,
        { ...options, shell: isWindows, ...(interrupt && { signal: interrupt }) },
        (error, stdout, stderr) => resolve({ error, stdout, stderr }),
      );
      // It may end without reading.
      child.stdin?.on('error', () => undefined).end(input);
    });
    interrupt?.throwIfAborted();
    if (error === null) return readAnswer(stdout);
    if (error.code === 'ENOENT' || /^'az' is not recognized/m.test(stderr)) throw new Stop(noAz);
    if (error.killed) {
      throw new AzFailure(`az did not come back within ${deadlineMs / 60_000} minutes.`, true);
    }
    throw new AzFailure(
      stderr.trim() ||
        `az could not be run, or ended and said nothing (${error.code ?? error.signal}).`,
    );
  };
}

const noAz =
  'The Azure CLI (az) is not installed: https://learn.microsoft.com/cli/azure/install-azure-cli\nThen sign in: az login';

/** JSON, also after lines of warning, which some versions print before it. @param {string} printed @returns {unknown} */
export function readAnswer(printed) {
  const text = printed.replace(/^\uFEFF/, '').trim();
  if (text === '' || text === 'null') return undefined;
  const starts = [0, ...[...text.matchAll(/\n(?=[{[])/g)].map(({ index }) => index + 1)];
  for (const start of starts) {
    try {
      return JSON.parse(text.slice(start));
    } catch {
      // Without the reason, which quotes the text: it may be a secret.
    }
  }
  throw new AzFailure('az printed something that is not JSON. It is not shown here.');
}

/**
 * One argument as cmd.exe, and the batch file after it, pass it on unchanged. A quote would end the argument, `%NAME%` and `!` are
 * replaced even between quotes, a line break ends the command, a backslash at the end would escape the quote.
 * @param {string} text
 * @throws {Stop} where it has one of these: there is no escape that holds for both
 */
export function quoteForCmd(text) {
  if (!/["!\r\n\0]|%(?![0-9A-F]{2})|\\$/i.test(text)) return `"${text}"`;
  const name = /^\w+(?==)/.exec(text)?.[0] ?? 'an argument';
  throw new Stop(
    `The value of ${name} cannot be passed to az on Windows: it has one of " % ! or a line break, or ends with \\.\nPut it into a .bicepparam file, and name that: --parameters my.bicepparam`,
  );
}

/** Without what could move the cursor, clear or colour a terminal; lines and tabs stay. @param {string} text */
export function printable(text) {
  return text.replaceAll(/(?![\n\t])[\p{Cc}\p{Bidi_Control}]/gu, '');
}

/** Queries of addresses, tokens, and all from the first name of a secret on: what follows has no form to rely on. @param {string} text */
function withoutSecrets(text) {
  const at = text.search(
    /secretText|\b(password|client_?secret|access_?token|refresh_?token)\b\\*["']?\s*[:=]/i,
  );
  return (at < 0 ? text : `${text.slice(0, at)}[the rest may hold a secret: not shown]`)
    .replaceAll(/[\w.~-]{3}\dQ~[\w.~-]{20,}/g, '[not shown]')
    .replaceAll(/\beyJ[\w-]{10,}\.[\w-]+\.[\w-]*/g, '[not shown]')
    .replaceAll(/(https?:\/\/[^\s"'?\\]+)\?[^\s"'\\]+/gi, '$1?[not shown]');
}
