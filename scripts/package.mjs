// Zips exactly what is deployed. The same input gives the same bytes: fixed order, times and modes.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { zipSync } from 'fflate';
import ts from 'typescript';

/** What functions may ask of callers, and where it is declared. */
const kinds = {
  role: { what: 'app role', file: 'infra/app-roles.json', parameter: 'appRoles' },
  scope: { what: 'scope', file: 'infra/exposed-scopes.json', parameter: 'exposedScopes' },
};

refuseUnknownNames();

const manifest = JSON.parse(await readFile('package.json', 'utf8'));
const deployed = {
  name: manifest.name,
  version: manifest.version,
  license: manifest.license,
  main: manifest.main,
  engines: manifest.engines,
};

const files = {
  'host.json': await readFile('host.json'),
  'package.json': Buffer.from(`${JSON.stringify(deployed, null, 2)}\n`),
  'dist/main.js': await readFile('dist/main.js'),
  'dist/main.js.map': await readFile('dist/main.js.map'),
  'dist/main.js.LEGAL.txt': await readFile('dist/main.js.LEGAL.txt'),
  LICENSE: await readFile('LICENSE'),
};

// A zip holds local time: the same moment would give other bytes in another time zone.
const mtime = new Date(1980, 0, 2);
const entries = Object.entries(files).map(([name, bytes]) => [
  name,
  [new Uint8Array(bytes), { mtime, os: 3, attrs: 0o644 << 16, level: 9 }],
]);
const zip = zipSync(Object.fromEntries(entries));
await writeFile('anteroom.zip', zip);

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(0)} KB`;
console.log(`anteroom.zip            ${kilobytes(zip.length)} (aim: at most 500 KB)`);
for (const [name, bytes] of Object.entries(files))
  console.log(`  ${name.padEnd(22)}${kilobytes(bytes.length)}`);

/** A role or a scope that the registration lacks cannot be given to anybody: everybody would get 403. */
function refuseUnknownNames() {
  const missing = globSync('src/**/*.{ts,tsx}')
    .sort()
    .flatMap((path) => namesIn(path).map((use) => ({ path, ...use })))
    .flatMap((use) => deploymentsWithout(use).map((place) => ({ ...use, place })));
  if (missing.length === 0) return;
  for (const { path, guard, kind, name, place } of missing) {
    console.error(`${path}: ${guard}, but ${place} has no ${kinds[kind].what} ${name}`);
  }
  console.error(
    'Add it, as in [{ "value": "reader", "displayName": "Reader" }], or correct the name. Nothing was packed.',
  );
  process.exit(1);
}

/**
 * Roles and scopes that stand as text in calls of `withRole` and `withScope`, and in their options `appRole` and `scope`. One that
 * is worked out while the app runs is not known here.
 */
function namesIn(path) {
  const names = [];
  const add = (kind, guard, nodes) => {
    for (const { text: name } of nodes.filter(ts.isStringLiteralLike)) {
      names.push({ kind, name, guard: `${guard}('${name}')` });
    }
  };
  const visit = (node) => {
    const guard = ts.isCallExpression(node)
      ? /(?:^|\.)(withRole|withScope)$/.exec(node.expression.getText())?.[1]
      : undefined;
    if (guard !== undefined) {
      add(guard === 'withRole' ? 'role' : 'scope', guard, textsOf(node.arguments[0]));
      const options = node.arguments[2];
      const properties =
        options !== undefined && ts.isObjectLiteralExpression(options) ? options.properties : [];
      for (const property of properties.filter(ts.isPropertyAssignment)) {
        const kind = { appRole: 'role', scope: 'scope' }[property.name.getText()];
        if (kind !== undefined) add(kind, guard, textsOf(property.initializer));
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true));
  return names;
}

/** One text, or those of a list. */
function textsOf(node) {
  if (node === undefined) return [];
  return ts.isArrayLiteralExpression(node) ? [...node.elements] : [node];
}

/** Files whose deployment lacks the name: the list for all, and each parameter file that has a list of its own. */
function deploymentsWithout({ kind, name }) {
  const { what, file: forAll, parameter } = kinds[kind];
  // The role of the console: infra/modules/entra-app.bicep always makes it.
  if (kind === 'role' && name === 'admin') return [];
  const inAll = existsSync(forAll) ? valuesIn(forAll, what) : [];
  const own = globSync('infra/*.bicepparam')
    .sort()
    .map((file) => ({ file, list: listOf(parameter, readFileSync(file, 'utf8')) }));
  const usesAll = own.length === 0 || own.some(({ list }) => list === undefined);
  return [
    ...(usesAll && !inAll.includes(name) ? [forAll] : []),
    ...own
      .filter(({ list }) => list !== undefined && !list.includes(`'${name}'`))
      .map(({ file }) => file),
  ];
}

function valuesIn(path, what) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).map(({ value }) => value);
  } catch (error) {
    throw new Error(`${path} is not a list of ${what}s, as in [{ "value": "reader" }]`, {
      cause: error,
    });
  }
}

/** Text of a list parameter, to the next parameter; undefined where the file has none. */
function listOf(parameter, source) {
  return new RegExp(`^param ${parameter} = ([^]*?)(?=^param |$(?![^]))`, 'm').exec(source)?.[1];
}
