/** One argument as a person can paste it into a shell, in a command that is printed; left alone where it needs no quotes. */
export function quoteForShell(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  // Double quotes are the same in sh, PowerShell and cmd.exe, but for these characters.
  return /["$`\\!%]/.test(text) ? `'${text.replaceAll("'", `'\\''`)}'` : `"${text}"`;
}
