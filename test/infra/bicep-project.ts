import { globSync, readFileSync } from 'node:fs';
import { Language, type Node, Parser } from 'web-tree-sitter';

/** Sources by path from the root of the repository. */
export type Sources = ReadonlyMap<string, string>;

export interface Declaration {
  readonly name: string;
  readonly description: string | undefined;
  readonly decorators: readonly string[];
  readonly line: number;
}
export interface Parameter extends Declaration {
  readonly type: string;
  /** Source of the default value; undefined where the parameter is required. */
  readonly fallback: string | undefined;
  readonly isSecure: boolean;
}
export interface Variable extends Declaration {
  readonly value: Node;
}
export interface Output extends Declaration {
  readonly type: string;
  readonly value: string;
}
export interface Resource extends Declaration {
  /** 'Microsoft.Web/sites', in full for nested resources too. */
  readonly type: string;
  readonly version: string;
  readonly isExisting: boolean;
  readonly body: Node;
}
export interface Module extends Declaration {
  /** Path of the file from the root of the repository. */
  readonly file: string;
  readonly body: Node;
}
export interface BicepFile {
  readonly path: string;
  readonly source: string;
  /** What the grammar could not read, as `line: text`. */
  readonly syntaxErrors: readonly string[];
  readonly root: Node;
  readonly imports: ReadonlyMap<string, string>;
  readonly parameters: readonly Parameter[];
  readonly variables: readonly Variable[];
  readonly types: readonly Declaration[];
  readonly outputs: readonly Output[];
  readonly resources: readonly Resource[];
  readonly modules: readonly Module[];
}
export type Project = ReadonlyMap<string, BicepFile>;

/** Every Bicep file of the repository. */
export function readInfraSources(): Sources {
  const paths = globSync('infra/**/*.bicep').sort();
  return new Map(paths.map((path) => [path, readFileSync(path, 'utf8')]));
}

export async function createBicepParser(): Promise<(sources: Sources) => Project> {
  // Given as bytes, because jest cannot run the dynamic import by which the package would read them.
  await Parser.init({
    wasmBinary: readFileSync(require.resolve('web-tree-sitter/web-tree-sitter.wasm')),
  });
  const grammar = 'node_modules/tree-sitter-bicep/tree-sitter-bicep.wasm';
  const parser = new Parser();
  parser.setLanguage(await Language.load(readFileSync(grammar)));
  return (sources) =>
    new Map([...sources].map(([path, source]) => [path, readFile(parser, path, source)]));
}

function readFile(parser: Parser, path: string, source: string): BicepFile {
  // The grammar does not know `extension`; the line is checked by itself.
  const tree = parser.parse(source.replace(/^extension .*$/m, ''));
  if (tree === null) throw new Error(`not parsed: ${path}`);
  const declared = declarationsIn(tree.rootNode);
  const of = (kind: string): readonly Declared[] =>
    declared.filter(({ node }) => node.type === `${kind}_declaration`);
  return {
    path,
    source,
    syntaxErrors: descendants(tree.rootNode)
      .filter((node) => node.type === 'ERROR' || node.isMissing)
      .map((node) => `${node.startPosition.row + 1}: ${node.text.slice(0, 60)}`),
    root: tree.rootNode,
    imports: readImports(tree.rootNode),
    parameters: of('parameter').map(readParameter),
    variables: of('variable').map((item) => ({ ...named(item), value: last(item.node) })),
    types: of('type').map(named),
    outputs: of('output').map((item) => ({
      ...named(item),
      type: child(item.node, 1).text,
      value: last(item.node).text,
    })),
    resources: of('resource').map(readResource),
    modules: of('module').map((item) => ({
      ...named(item),
      file: resolvePath(path, textOf(child(item.node, 1))),
      body: bodyOf(item.node),
    })),
  };
}

interface Declared {
  readonly node: Node;
  readonly decorators: readonly Node[];
  readonly parentType: string | undefined;
}

function declarationsIn(root: Node): readonly Declared[] {
  const found: Declared[] = [];
  const visit = (parent: Node, parentType: string | undefined): void => {
    let decorators: readonly Node[] = [];
    for (const node of parent.namedChildren) {
      if (node.type === 'decorators') decorators = node.namedChildren;
      else if (node.type.endsWith('_declaration')) {
        found.push({ node, decorators, parentType });
        decorators = [];
        if (node.type !== 'resource_declaration') continue;
        const type = resourceType(node, parentType);
        for (const object of objectsIn(bodyOf(node))) visit(object, type);
      } else if (node.type === 'object_property') {
        const inner = child(node, 0);
        if (inner.type === 'resource_declaration') {
          found.push({ node: inner, decorators, parentType });
        }
        decorators = [];
      } else if (node.type !== 'comment' && node.type !== 'diagnostic_comment') decorators = [];
    }
  };
  visit(root, undefined);
  return found;
}

function objectsIn(body: Node): readonly Node[] {
  return body.type === 'object' ? [body] : [];
}

function named({ node, decorators }: Declared): Declaration {
  const description = decorators
    .map((decorator) => /^@description\('(.*)'\)$/s.exec(decorator.text)?.[1])
    .find((text) => text !== undefined);
  return {
    name: child(node, 0).text,
    description: description?.replaceAll("\\'", "'"),
    decorators: decorators.map((decorator) => decorator.text),
    line: node.startPosition.row + 1,
  };
}

function readParameter(item: Declared): Parameter {
  return {
    ...named(item),
    type: child(item.node, 1).text,
    fallback: item.node.namedChildren.length > 2 ? last(item.node).text : undefined,
    isSecure: item.decorators.some(({ text }) => text === '@secure()'),
  };
}

function readResource(item: Declared): Resource {
  const [type = '', version = ''] = resourceType(item.node, item.parentType).split('@');
  return {
    ...named(item),
    type,
    version,
    isExisting: item.node.children.some(({ type: token }) => token === 'existing'),
    body: bodyOf(item.node),
  };
}

/** With version. A nested type without one has its parent's. */
function resourceType(node: Node, parentType: string | undefined): string {
  const own = textOf(child(node, 1));
  if (parentType === undefined) return own;
  const [parentName, parentVersion] = parentType.split('@');
  const [name, version] = own.split('@');
  return `${parentName}/${name}@${version ?? parentVersion}`;
}

/** The object of a declaration, without its condition or loop. */
function bodyOf(declaration: Node): Node {
  let body = last(declaration);
  for (;;) {
    if (body.type === 'if_statement') body = last(body);
    else if (body.type === 'for_statement') body = body.childForFieldName('body') ?? last(body);
    else return body;
  }
}

function readImports(root: Node): ReadonlyMap<string, string> {
  const lines = root.namedChildren.filter(({ type }) => type === 'import_functionality');
  return new Map(
    lines.flatMap((line) => {
      const from = textOf(last(line));
      const names = line.namedChildren.filter(({ type }) => type === 'identifier');
      return names.map(({ text }) => [text, from] as const);
    }),
  );
}

export function resolvePath(from: string, relative: string): string {
  return new URL(relative, `file:///${from}`).pathname.slice(1);
}

/** The text of a string without its quotes, interpolations as written. */
export function textOf(node: Node): string {
  return node.type === 'string' ? node.text.slice(1, -1) : node.text;
}

/** Keys of an object literal with their values. */
export function entriesOf(object: Node): ReadonlyMap<string, Node> {
  const properties = object.namedChildren.filter(({ type }) => type === 'object_property');
  return new Map(
    properties
      .filter((property) => property.namedChildren.length > 1)
      .map((property) => [textOf(child(property, 0)), last(property)]),
  );
}

/** The value under a path of keys, `properties.siteConfig`; undefined where there is none. */
export function valueAt(object: Node, path: string): Node | undefined {
  let node: Node | undefined = object;
  for (const key of path.split('.')) node = node === undefined ? node : entriesOf(node).get(key);
  return node;
}

/** True for the name before the colon of an object's property. */
export function isKey(node: Node): boolean {
  const { parent } = node;
  return parent?.type === 'object_property' && parent.namedChildren[0]?.id === node.id;
}

export function descendants(node: Node): readonly Node[] {
  return [node, ...node.children.flatMap(descendants)];
}

function child(node: Node, index: number): Node {
  const found = node.namedChildren[index];
  if (found === undefined) throw new Error(`no part ${index} in: ${node.text.slice(0, 80)}`);
  return found;
}

function last(node: Node): Node {
  return child(node, node.namedChildren.length - 1);
}
