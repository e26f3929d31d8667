import { existsSync, readFileSync } from 'node:fs';

/** What stands in backticks, in its order. */
export const quotedIn = (line: string): readonly string[] =>
  [...line.matchAll(/`([^`]+)`/g)].map(([, quoted]) => quoted ?? '');

export const isFile = (quoted: string): boolean => /^[\w/.-]+\.tsx?$/.test(quoted);

/** Paths in the documents are below `src`, or below one of these. */
const otherRoots = /^(?:test|docs|local|scripts|bench|infra|examples)\//;

export const pathOf = (name: string): string => (otherRoots.test(name) ? name : `src/${name}`);

type Named = readonly [file: string, name: string];

/** Each function with the file that is named last before it in the same line. */
export function functionsIn(text: string): readonly Named[] {
  return text.split('\n').flatMap((line) => {
    let file = '';
    const found: Named[] = [];
    for (const quoted of quotedIn(line)) {
      if (isFile(quoted)) file = quoted;
      const name = /^(\w+)\(\)$/.exec(quoted)?.[1];
      if (name !== undefined) found.push([file, name]);
    }
    return found;
  });
}

/** A function, a constant, or a member of an object. */
export function declares(file: string, name: string): boolean {
  const declaration = new RegExp(
    String.raw`\bfunction\*? ${name}\b|\bconst ${name}\b|^ +${name}: (?:async )?\(|^ +readonly ${name}: \(`,
    'm',
  );
  return existsSync(file) && declaration.test(readFileSync(file, 'utf8'));
}
