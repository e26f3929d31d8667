import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/** One import of a file of the repository, of types too. Paths are relative to the repository. */
export interface Import {
  readonly from: string;
  readonly to: string;
}

/** What a file imports of the repository's own files. */
export function importsOf(file: string): readonly Import[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'));
  return importedFiles
    .filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => ({ from: file, to: fileOf(path.posix.join(file, '..', fileName)) }));
}

const fileOf = (name: string): string =>
  ['.ts', '.tsx'].map((end) => name + end).find((file) => existsSync(file)) ?? name;

/** Each circle once, as the files along it. */
export function circlesOf(imports: readonly Import[]): readonly string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, way: readonly string[]): void => {
    const start = way.indexOf(file);
    if (start >= 0) found.push([...way.slice(start), file].join(' > '));
    if (start >= 0 || done.has(file)) return;
    for (const { from, to } of imports) if (from === file) visit(to, [...way, file]);
    done.add(file);
  };
  for (const { from } of imports) visit(from, []);
  return found;
}

/** Of a file that holds a whole idea. */
const maxLines = 350;

const lengthOf = (file: string): number => readFileSync(file, 'utf8').split('\n').length - 1;

/** Files that only one other file of their folder uses, and that would not make it too long. */
export function partsOfOneFile(
  files: readonly string[],
  imports: readonly Import[],
): readonly string[] {
  return files.filter((file) => {
    const users = new Set(imports.filter(({ to }) => to === file).map(({ from }) => from));
    const [user, another] = users;
    if (user === undefined || another !== undefined) return false;
    // A program, which exports nothing: nobody could import a part of it without running it.
    if (!/^export /m.test(readFileSync(user, 'utf8'))) return false;
    return path.dirname(user) === path.dirname(file) && lengthOf(user) + lengthOf(file) <= maxLines;
  });
}
