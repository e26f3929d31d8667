import {
  type BicepFile,
  descendants,
  entriesOf,
  isKey,
  type Module,
  type Project,
  resolvePath,
  valueAt,
} from '../bicep-project';

/** Modules and imports point at files that are there, and are called with what they take. */
export function findModuleFaults(project: Project): string[] {
  return [...project.values()].flatMap((file) => [
    ...[...file.imports]
      .filter(([name, from]) => !exports(project.get(resolvePath(file.path, from)), name))
      .map(([name, from]) => `${file.path}: ${from} does not export ${name}`),
    ...file.modules.flatMap((module) => callFaults(project, file, module)),
    ...file.modules.flatMap((module) => outputFaults(project, file, module)),
  ]);
}

function exports(file: BicepFile | undefined, name: string): boolean {
  return [...(file?.variables ?? []), ...(file?.types ?? [])].some(
    (declared) => declared.name === name && declared.decorators.includes('@export()'),
  );
}

function callFaults(project: Project, file: BicepFile, module: Module): string[] {
  const called = project.get(module.file);
  if (called === undefined) return [`${file.path}: there is no ${module.file}`];
  const params = valueAt(module.body, 'params');
  const given = params === undefined ? [] : [...entriesOf(params).keys()];
  const known = called.parameters.map(({ name }) => name);
  const required = called.parameters.filter(({ fallback }) => fallback === undefined);
  return [
    ...required
      .filter(({ name }) => !given.includes(name))
      .map(({ name }) => `${file.path}: ${module.name} is not given ${name}`),
    ...given
      .filter((name) => !known.includes(name))
      .map((name) => `${file.path}: ${module.name} is given ${name}, which it does not take`),
  ];
}

function outputFaults(project: Project, file: BicepFile, module: Module): string[] {
  const outputs = project.get(module.file)?.outputs.map(({ name }) => name) ?? [];
  const used = file.source.matchAll(new RegExp(`\\b${module.name}!?\\.outputs\\.(\\w+)`, 'g'));
  return [...used]
    .map(([, name = '']) => name)
    .filter((name) => !outputs.includes(name))
    .map((name) => `${file.path}: ${module.name} has no output ${name}`);
}

/** Outputs of a conditional module may be absent: the compiler wants `!` where they are read. */
export function findConditionalReads(project: Project): string[] {
  return [...project.values()].flatMap((file) =>
    file.modules.flatMap((module) => {
      const isConditional = new RegExp(`^module ${module.name} '[^']+' = if \\(`, 'm').test(
        file.source,
      );
      const asserted = new RegExp(`\\b${module.name}!\\.outputs`).test(file.source);
      const plain = new RegExp(`\\b${module.name}\\.outputs`).test(file.source);
      return (isConditional && plain) || (!isConditional && asserted)
        ? [
            `${file.path}: ${module.name} is read as if it were ${isConditional ? 'always there' : 'conditional'}`,
          ]
        : [];
    }),
  );
}

/**
 * What must be there before what, in main.bicep. The code comes last: roles need minutes to take effect, and no request
 * should meet an app without settings.
 */
const order: readonly (readonly [string, readonly string[]])[] = [
  ['functionApp', ['identity', 'hostStorage']],
  ['entraApp', ['functionApp', 'identity']],
  [
    'appSettings',
    ['monitoring', 'hostStorage', 'sessionStorage', 'vault', 'functionApp', 'entraApp'],
  ],
  ['appCode', ['appSettings', 'hostStorageEndpoint', 'sessionStorageEndpoint', 'vaultEndpoint']],
];

export function findOrderFaults(project: Project): string[] {
  const main = project.get('infra/main.bicep');
  if (main === undefined) return ['there is no infra/main.bicep'];
  return order.flatMap(([later, earlier]) => {
    const before = dependenciesOf(main, later);
    return earlier
      .filter((name) => !before.has(name))
      .map((name) => `main.bicep: ${later} does not wait for ${name}`);
  });
}

/** Names of the modules that a module waits for, directly or through others, variables followed. */
function dependenciesOf(file: BicepFile, start: string): ReadonlySet<string> {
  const bodies = new Map([
    ...file.modules.map(({ name, body }) => [name, body] as const),
    ...file.variables.map(({ name, value }) => [name, value] as const),
  ]);
  const found = new Set<string>();
  const visit = (name: string): void => {
    const body = bodies.get(name);
    if (body === undefined) return;
    for (const node of descendants(body)) {
      const { type, text } = node;
      if (type !== 'identifier' || isKey(node) || found.has(text) || !bodies.has(text)) continue;
      found.add(text);
      visit(text);
    }
  };
  visit(start);
  return found;
}

/** sub.bicep takes what main.bicep takes, under the same rules, and gives what it gives. */
export function findSubscriptionFaults(project: Project): string[] {
  const main = project.get('infra/main.bicep');
  const sub = project.get('infra/sub.bicep');
  if (main === undefined || sub === undefined) return ['main.bicep or sub.bicep is missing'];
  const form = ({ parameters }: BicepFile): readonly string[] =>
    parameters.map(({ name, type, fallback, decorators }) =>
      [name, type, name === 'location' ? '' : fallback, ...decorators].join(' '),
    );
  const own = new Set(['resourceGroupName', 'AZURE_RESOURCE_GROUP']);
  const subForm = new Set(form(sub));
  const outputs = (file: BicepFile): readonly string[] =>
    file.outputs.map(({ name, type }) => `${name} ${type}`);
  const given = sub.modules.flatMap(({ body }) => {
    const params = valueAt(body, 'params');
    return params === undefined
      ? []
      : [...entriesOf(params)].map(([key, value]) => [key, value.text]);
  });
  return [
    ...form(main).filter((parameter) => !subForm.has(parameter)),
    ...sub.parameters
      .map(({ name }) => name)
      .filter((name) => !own.has(name) && !main.parameters.some((p) => p.name === name)),
    ...main.parameters
      .map(({ name }) => name)
      .filter((name) => !given.some(([key, value]) => key === name && value === name)),
    ...outputs(main).filter((output) => !outputs(sub).includes(output)),
    ...sub.outputs
      .filter(({ name, value }) => !own.has(name) && value !== `app.outputs.${name}`)
      .map(({ name }) => name),
  ].map((fault) => `sub.bicep is not in step with main.bicep: ${fault}`);
}
