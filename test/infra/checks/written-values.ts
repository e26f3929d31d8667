import type { Node } from 'web-tree-sitter';
import { type BicepFile, entriesOf, type Project } from '../bicep-project';

/**
 * What must stand at one place of a Bicep file, as written there, white space aside.
 *
 * - declaration: name of a resource, module or variable, or `output name`.
 * - path: keys with dots between them, from the body; empty for the whole value of a variable or output. A number is an
 *   item of an array and `length` the number of its items; `keys` are the names in an object, for where one more would
 *   open something. `when`, `then` and `else` are the parts of `a ? b : c`. The path `if` is the condition of a resource or
 *   module, with its parentheses; `for` is what a loop of them runs over. In a value that is a loop, `each` is that, and `body` what it
 *   makes of each.
 */
export type WrittenValue = readonly [declaration: string, path: string, expression: string];

/** Expected values by the path of their file. */
export type WrittenFiles = Readonly<Record<string, readonly WrittenValue[]>>;

/** One sentence for each place where something else stands, or nothing. */
export function findOtherValues(project: Project, expected: WrittenFiles): string[] {
  return Object.entries(expected).flatMap(([path, values]) => {
    const file = project.get(path);
    if (file === undefined) return [`there is no ${path}`];
    return values.flatMap(([declaration, at, expression]) => {
      const found = writtenAt(file, declaration, at);
      if (found === expression) return [];
      const place = at === '' ? declaration : `${declaration}.${at}`;
      return [`${path}: ${place} is ${found ?? 'missing'}, not ${expression}`];
    });
  });
}

/** What stands at a place, in one line; undefined where there is nothing. For the forms of a place see WrittenValue. */
export function writtenAt(file: BicepFile, declaration: string, path: string): string | undefined {
  const output = /^output (\w+)$/.exec(declaration)?.[1];
  if (output !== undefined) {
    return inOneLine(file.outputs.find(({ name }) => name === output)?.value);
  }
  const start = startOf(file, declaration);
  if (path === 'if') return conditionOf(start);
  if (path === 'for') return loopOf(start);
  return inOneLine(partAt(start, path));
}

function startOf(file: BicepFile, declaration: string): Node | undefined {
  return (
    [...file.resources, ...file.modules].find(({ name }) => name === declaration)?.body ??
    file.variables.find(({ name }) => name === declaration)?.value
  );
}

function conditionOf(body: Node | undefined): string | undefined {
  const statement = body?.parent;
  return statement?.type === 'if_statement'
    ? inOneLine(statement.namedChildren[0]?.text)
    : undefined;
}

function loopOf(body: Node | undefined): string | undefined {
  const statement = body?.parent?.type === 'if_statement' ? body.parent.parent : body?.parent;
  return statement?.type === 'for_statement'
    ? inOneLine(statement.namedChildren.at(-2)?.text)
    : undefined;
}

function partAt(start: Node | undefined, path: string): string | undefined {
  let node = start;
  for (const key of path === '' ? [] : path.split('.')) {
    if (node === undefined) return undefined;
    if (key === 'length') return String(itemsOf(node).length);
    if (key === 'keys') return [...entriesOf(node).keys()].join(' ');
    node = stepInto(node, key);
  }
  return node?.text;
}

function stepInto(node: Node, key: string): Node | undefined {
  if (node.type === 'for_statement') return node.namedChildren.at(key === 'each' ? -2 : -1);
  if (node.type === 'array') return itemsOf(node)[Number(key)];
  if (node.type === 'object') return entriesOf(node).get(key);
  if (node.type !== 'ternary_expression') return undefined;
  return node.childForFieldName(ternaryParts.get(key) ?? key) ?? undefined;
}

/** What the grammar calls the parts of `a ? b : c`. */
const ternaryParts: ReadonlyMap<string, string> = new Map([
  ['when', 'condition'],
  ['then', 'consequence'],
  ['else', 'alternative'],
]);

function itemsOf(array: Node): readonly Node[] {
  return array.namedChildren.filter(({ type }) => !type.includes('comment'));
}

function inOneLine(text: string | undefined): string | undefined {
  return text?.replaceAll(/\s+/g, ' ');
}
