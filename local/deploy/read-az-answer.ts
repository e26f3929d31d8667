/**
 * What az printed: parsed where it is JSON, also after lines of warning, which some versions and extensions print before an
 * object or a list; else as text, since some commands talk to people although JSON was asked for.
 */
export function readAzAnswer(text: string): unknown {
  const [, from] = /^(?=[{[])([^]*)/m.exec(text) ?? [];
  for (const candidate of [text, from]) {
    try {
      if (candidate !== undefined) return JSON.parse(candidate) as unknown;
    } catch {
      // Then it is not JSON, or not from its beginning.
    }
  }
  return text;
}
