import { existsSync, readFileSync } from 'node:fs';
import { DeployError } from './deploy-error';

/** Parameters of the template, as far as they can be told without a Bicep compiler. */
export interface DeployParameters {
  /** The `.bicepparam` file. */
  readonly file: string;
  /** What the file gives, by name: literals as text, `undefined` for an expression. */
  readonly inFile: ReadonlyMap<string, string | undefined>;
  /** The names of environment variables that the file reads, by parameter. */
  readonly variables: ReadonlyMap<string, string>;
  /** `name=value` beside the file; wins over it. */
  readonly inline: ReadonlyMap<string, string>;
}

const usualFile = 'infra/main.bicepparam';

/**
 * The usual file stays in force beside `name=value`: people write their own values into it, and leaving it out would reset them.
 * That needs a Bicep that lets `name=value` win also where the file is silent: since 0.25.3 (Azure/bicep#12648), and the template
 * needs a newer one anyway (`check-tools.ts`).
 * @param given values of `--parameters`
 * @throws DeployError for what az would refuse or misunderstand
 */
export function readParameters(given: readonly string[]): DeployParameters {
  const files = given.filter((value) => value.endsWith('.bicepparam'));
  const pairs = given.filter((value) => !value.endsWith('.bicepparam'));
  const [file = usualFile, ...more] = files;
  if (more.length > 0) {
    throw new DeployError('Only one .bicepparam file can be given.', [
      `These are: ${files.join(', ')}`,
    ]);
  }
  if (!existsSync(file)) {
    throw new DeployError(`There is no parameter file ${file}.`, [
      'Paths count from the root of the repository.',
    ]);
  }
  return { file, ...readFile(readFileSync(file, 'utf8')), inline: new Map(pairs.map(pair)) };
}

function pair(text: string): readonly [name: string, value: string] {
  const [, name, value] = /^([a-z]\w*)=([^]*)$/i.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return [name, value];
  throw new DeployError('--parameters takes name=value or a .bicepparam file.', [
    'A JSON file cannot be given beside a .bicepparam file: az refuses that.',
  ]);
}

function readFile(source: string): Pick<DeployParameters, 'inFile' | 'variables'> {
  const inFile = new Map<string, string | undefined>();
  const variables = new Map<string, string>();
  const code = source.replaceAll(/^[ \t]*\/\*[^]*?\*\//gm, '');
  for (const [, name = '', text = ''] of code.matchAll(
    /^[ \t]*param[ \t]+(\w+)[ \t]*=[ \t]*(.*)$/gm,
  )) {
    inFile.set(name, literal(text));
    const variable = /readEnvironmentVariable\(\s*'(\w+)'/.exec(text)?.[1];
    if (variable !== undefined) variables.set(name, variable);
  }
  return { inFile, variables };
}

/** @returns `undefined` for what only a compiler understands */
function literal(text: string): string | undefined {
  const plain = /^(true|false|-?\d+)\s*(?:\/\/.*)?$/.exec(text)?.[1];
  return plain ?? /^'((?:[^'\\$]|\$(?!\{))*)'\s*(?:\/\/.*)?$/.exec(text)?.[1];
}

/** @returns the value that the template gets; `undefined` where none is given, or only an expression */
export function parameterValue(parameters: DeployParameters, name: string): string | undefined {
  return parameters.inline.get(name) ?? parameters.inFile.get(name);
}

/** Whether the file leaves it to an expression, so that its value is not known here. */
export function isExpression(parameters: DeployParameters, name: string): boolean {
  return (
    !parameters.inline.has(name) &&
    parameters.inFile.has(name) &&
    parameters.inFile.get(name) === undefined
  );
}

/** The same with one more `name=value`; without it where the value is `undefined`. */
export function withParameter(
  parameters: DeployParameters,
  name: string,
  value: string | undefined,
): DeployParameters {
  const inline = new Map(parameters.inline);
  if (value === undefined) inline.delete(name);
  else inline.set(name, value);
  return { ...parameters, inline };
}
