import { DeployError } from './deploy-error';

/**
 * One argument as cmd.exe, and after it the batch file `az.cmd`, passes it on unchanged. Between quotes `&`, `|`, `<`, `>`
 * and `^` are plain characters; but a quote ends them, `%` and `!` are replaced by variables even there, a line break ends the
 * command, and a backslash before the last quote escapes that quote for the program. Those have no escape that holds in
 * both places, so they are refused.
 * @throws DeployError that names the parameter, not its value
 */
export function quoteForCmd(text: string): string {
  if (!/["%!\r\n\0]|\\$/.test(text)) return `"${text}"`;
  const name = /^\w+(?==)/.exec(text)?.[0] ?? 'an argument';
  throw new DeployError(`The value of ${name} cannot be passed to az on Windows.`, [
    'A value there must have no ", %, ! or line break, and no \\ at its end.',
    'Put it into a .bicepparam file, and name that: --parameters my.bicepparam',
  ]);
}
