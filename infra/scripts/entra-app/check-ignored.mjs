import { execFileSync } from 'node:child_process';
import { lstatSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Stop } from './stop.mjs';

/**
 * @param {string} path of a file that is to hold a secret
 * @param {object} [where]
 * @param {boolean} [where.mayBeOutside] no git there is fine: a link may lead out of every clone
 * @throws {Stop} when git would take the file, or cannot say
 */
export function checkIgnored(path, { mayBeOutside = false } = {}) {
  const folder = dirname(path);
  if (mayBeOutside && !isInClone(folder)) return;
  try {
    execFileSync('git', ['check-ignore', '--quiet', '--', basename(path)], {
      cwd: folder,
      env: ownEnvironment(),
      stdio: 'ignore',
      timeout: 30_000,
    });
  } catch (error) {
    const status = error instanceof Error ? Reflect.get(error, 'status') : undefined;
    throw new Stop(
      status === 1
        ? `${path} is not ignored by git, which would take the secret. Put it into .gitignore. Nothing was made.`
        : `git could not say whether it ignores ${path}. Is git installed, and this a clone of yours? Nothing was made.`,
    );
  }
}

/** By the files, as git answers the same where there is no clone and where it does not trust one. @param {string} folder */
function isInClone(folder) {
  for (let at = folder; ; at = dirname(at)) {
    if (lstatSync(join(at, '.git'), { throwIfNoEntry: false }) !== undefined) return true;
    if (dirname(at) === at) return false;
  }
}

/** Without what git sets for its hooks: with GIT_DIR it would ask another clone. */
function ownEnvironment() {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('GIT_') || /^GIT_CONFIG_(GLOBAL|SYSTEM|NOSYSTEM)$/.test(name),
  );
  return Object.fromEntries(kept);
}
