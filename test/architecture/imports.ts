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

/** A declaration at the top of a file. */
interface Declaration {
  readonly name: string;
  readonly isExported: boolean;
  /** Every name in it, also those of the file's imports. */
  readonly names: ReadonlySet<string>;
  /** With the comment before it. */
  readonly lines: number;
}

/** What a declaration brings along: names that its new file must import. */
const importLines = 10;

/**
 * Exports that only one other file of their folder uses, and that could stand there without an export: what they need of their own file
 * is exported anyway, or goes with them, and their user stays one idea long.
 * @returns `file name > user`
 */
export function exportsForOneFile(files: readonly string[]): readonly string[] {
  const users = usersByExport(files);
  return files.flatMap((file) => {
    const all = declarationsIn(file);
    return all.flatMap((declaration) => {
      const [user, another] = users.get(`${file} ${declaration.name}`) ?? [];
      if (!declaration.isExported || user === undefined || another !== undefined) return [];
      if (path.dirname(user) !== path.dirname(file)) return [];
      if (!/^export /m.test(readFileSync(user, 'utf8'))) return [];
      // A file without pages cannot hold one.
      if (file.endsWith('x') && !user.endsWith('x')) return [];
      const lines = linesToMove(declaration, all);
      const fits = lines !== undefined && lengthOf(user) + lines + importLines <= maxLines;
      return fits ? [`${file} ${declaration.name} > ${user}`] : [];
    });
  });
}

/** The files that import each `file name`. */
function usersByExport(files: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const users = new Map<string, Set<string>>();
  for (const from of files) {
    for (const statement of parse(from).statements) {
      if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) continue;
      const { moduleSpecifier } = statement;
      const bindings = ts.isImportDeclaration(statement)
        ? statement.importClause?.namedBindings
        : statement.exportClause;
      if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier)) continue;
      if (bindings === undefined || !('elements' in bindings)) continue;
      const to = fileOf(path.posix.join(from, '..', moduleSpecifier.text));
      for (const { name, propertyName = name } of bindings.elements) {
        // A file that only passes a name on cannot take it in.
        const user = ts.isImportDeclaration(statement) ? from : `anybody/${from}`;
        const key = `${to} ${propertyName.text}`;
        users.set(key, (users.get(key) ?? new Set()).add(user));
      }
    }
  }
  return users;
}

/** The length of a declaration with all that only it needs; `undefined` when other declarations of its file need a part of that. */
function linesToMove(first: Declaration, all: readonly Declaration[]): number | undefined {
  const moved = new Set([first]);
  // A set goes on with what is added meanwhile.
  for (const { names } of moved) {
    for (const one of all) if (!one.isExported && names.has(one.name)) moved.add(one);
  }
  const stay = all.filter((one) => !moved.has(one));
  const isShared = [...moved].some(({ name }) => stay.some(({ names }) => names.has(name)));
  return isShared ? undefined : [...moved].reduce((sum, { lines }) => sum + lines, 0);
}

function declarationsIn(file: string): readonly Declaration[] {
  const source = parse(file);
  return source.statements.flatMap((statement) => {
    if (ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) return [];
    const names = new Set<string>();
    const visit = (node: ts.Node): void => {
      if (ts.isIdentifier(node)) names.add(node.text);
      ts.forEachChild(node, visit);
    };
    visit(statement);
    const lines = statement.getFullText(source).split('\n').length - 1;
    const isExported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
    return namesOf(statement).map((name) => ({ name, isExported, names, lines }));
  });
}

function namesOf(statement: ts.Statement): readonly string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  }
  const isNamed =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement);
  // Statements without a name, such as a call, still need others.
  return [isNamed && statement.name !== undefined ? statement.name.text : ''];
}

function parse(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
}
