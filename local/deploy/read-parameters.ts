import { readFileSync, statSync } from 'node:fs';
import { DeployError } from './deploy-error';
import { refuseSecretAddress } from './refuse-secret-address';
import { refuseUndeclared } from './refuse-undeclared';

/** Parameters of the template, as far as they can be told without a Bicep compiler. */
export interface DeployParameters {
  /** The `.bicepparam` file. */
  readonly file: string;
  /** What the file gives, by name: literals as text, `undefined` for an expression. */
  readonly inFile: ReadonlyMap<string, string | undefined>;
  /** What the file reads from the environment, by parameter: only where nothing else is in the expression. */
  readonly environment: ReadonlyMap<string, EnvironmentRead>;
  /** `name=value` beside the file; wins over it. */
  readonly inline: ReadonlyMap<string, string>;
}

/** `readEnvironmentVariable(variable, fallback)` in a parameter file. */
export interface EnvironmentRead {
  readonly variable: string;
  /** What counts where there is no such variable; `undefined` where the file says nothing, which Bicep then refuses. */
  readonly fallback: string | undefined;
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
  const files = given.filter(isFileName);
  const pairs = given.filter((value) => !isFileName(value));
  const [file = usualFile, ...more] = files;
  if (more.length > 0) {
    throw new DeployError('Only one .bicepparam file can be given.', [
      `These are: ${files.join(', ')}`,
    ]);
  }
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new DeployError(`There is no parameter file ${file}.`, [
      'Paths count from the root of the repository.',
    ]);
  }
  return { file, ...readFile(readFileSync(file, 'utf8')), inline: new Map(pairs.map(pair)) };
}

/** A pair may end like one: alertEmail=a.bicepparam. */
function isFileName(value: string): boolean {
  return value.endsWith('.bicepparam') && !pairForm.test(value);
}

const pairForm = /^([a-z]\w*)=([^]*)$/i;

function pair(text: string): readonly [name: string, value: string] {
  const [, name, value] = pairForm.exec(text) ?? [];
  if (name !== undefined && value !== undefined) {
    if (name.toLowerCase() === 'packageuri') refuseSecretAddress(value);
    refuseUndeclared(name);
    return [name, value];
  }
  throw new DeployError('--parameters takes name=value or a .bicepparam file.', [
    'A JSON file cannot be given beside a .bicepparam file: az refuses that.',
  ]);
}

function readFile(source: string): Pick<DeployParameters, 'inFile' | 'environment'> {
  const inFile = new Map<string, string | undefined>();
  const environment = new Map<string, EnvironmentRead>();
  const code = source.replaceAll(/^[ \t]*\/\*[^]*?\*\//gm, '');
  for (const [, name = '', text = ''] of code.matchAll(
    /^[ \t]*param[ \t]+(\w+)[ \t]*=[ \t]*(.*)$/gm,
  )) {
    inFile.set(name, literal(text));
    const [, variable, fallback] = environmentForm.exec(text) ?? [];
    if (variable !== undefined) environment.set(name, { variable, fallback });
  }
  return { inFile, environment };
}

const environmentForm =
  /^readEnvironmentVariable\(\s*'(\w+)'\s*(?:,\s*'((?:[^'\\$]|\$(?!\{))*)'\s*)?\)\s*(?:\/\/.*)?$/;

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
