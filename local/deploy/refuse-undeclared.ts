import { readFileSync } from 'node:fs';
import { DeployError } from './deploy-error';

/** The names that infra/main.bicep declares, in its order. */
function declaredParameters(): readonly string[] {
  const source = readFileSync('infra/main.bicep', 'utf8');
  return [...source.matchAll(/^param (\w+) /gm)].map(([, name = '']) => name);
}

/** @throws DeployError for a name that the template does not have: Bicep tells `nodeversion` from `nodeVersion` */
export function refuseUndeclared(name: string): void {
  const names = declaredParameters();
  if (names.includes(name)) return;
  const near = nearest(name, names);
  throw new DeployError(`infra/main.bicep has no parameter ${name}.`, [
    ...(near === undefined ? [] : [`Did you mean ${near}?`]),
    'infra/README.md lists them.',
  ]);
}

/** @returns `undefined` where none is like it */
function nearest(name: string, names: readonly string[]): string | undefined {
  const lower = name.toLowerCase();
  const found = names
    .map((other) => ({ other, steps: stepsBetween(lower, other.toLowerCase()) }))
    .sort((one, two) => one.steps - two.steps)[0];
  return found !== undefined && found.steps <= Math.max(2, name.length / 3)
    ? found.other
    : undefined;
}

/** How many letters must be put in, taken out or changed (Levenshtein). */
function stepsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [at, letter] of Array.from(one).entries()) {
    const next = [at + 1];
    for (const [column, otherLetter] of Array.from(other).entries()) {
      const changed = (row[column] ?? 0) + (letter === otherLetter ? 0 : 1);
      next.push(Math.min(changed, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
