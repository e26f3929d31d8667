import {
  type BicepFile,
  type Declaration,
  descendants,
  isKey,
  type Project,
} from '../bicep-project';

/** What the grammar cannot read. `extension` lines are checked by the Entra check. */
export function findSyntaxFaults(project: Project): string[] {
  return [...project.values()].flatMap(({ path, syntaxErrors }) =>
    syntaxErrors.map((error) => `${path}:${error}`),
  );
}

/** Everything declared says what it is, and a parameter says whether it must be given. */
export function findMissingDescriptions(project: Project): string[] {
  return [...project.values()].flatMap((file) => {
    const described: readonly Declaration[] = [
      ...file.parameters,
      ...file.variables,
      ...file.types,
      ...file.outputs,
      ...file.resources,
      ...file.modules,
    ];
    const silent = described.filter(({ description }) => description?.endsWith('.') !== true);
    const unclear = file.parameters.filter(
      ({ description, fallback }) =>
        !(fallback === undefined ? /^Required\. / : /^(Optional|Conditional)\. /).test(
          description ?? '',
        ),
    );
    const names = /^metadata name = '.+'$/m.test(file.source) ? [] : ['metadata name'];
    return [
      ...silent.map(({ name }) => `${file.path}: ${name} has no description`),
      ...unclear.map(({ name }) => `${file.path}: ${name} does not say whether it is required`),
      ...names.map((name) => `${file.path}: ${name} is missing`),
    ];
  });
}

/** The compiler warns of what nobody uses. */
export function findUnused(project: Project): string[] {
  return [...project.values()].flatMap((file) => {
    const used = identifierCounts(file);
    const declared = [
      ...file.parameters,
      ...file.variables.filter(({ decorators }) => !decorators.includes('@export()')),
      ...file.resources.filter(({ isExisting }) => isExisting),
      ...[...file.imports.keys()].map((name) => ({ name })),
    ];
    return declared
      .filter(({ name }) => (used.get(name) ?? 0) < 2)
      .map(({ name }) => `${file.path}: ${name} is not used`);
  });
}

/** How often a name stands where it can mean a declaration: not as a key of an object or after a dot. */
function identifierCounts(file: BicepFile): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const node of descendants(file.root)) {
    if (node.type !== 'identifier' || isKey(node)) continue;
    counts.set(node.text, (counts.get(node.text) ?? 0) + 1);
  }
  return counts;
}

/** `object`, `array` and `any` accept everything; a module's explicit name only gets in the way of parallel deployments. */
export function findLooseForms(project: Project): string[] {
  return [...project.values()].flatMap((file) => [
    ...[...file.parameters, ...file.outputs]
      .filter(({ type }) => /\b(object|array|any)\b/.test(type))
      .map(({ name, type }) => `${file.path}: ${name} has the loose type ${type}`),
    ...file.modules
      .filter(({ body }) => /^\s*name:/m.test(body.text.split('params:')[0] ?? ''))
      .map(({ name }) => `${file.path}: module ${name} has an explicit name`),
  ]);
}
