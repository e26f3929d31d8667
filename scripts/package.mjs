// Zips exactly what is deployed. The same input gives the same bytes: fixed order, times and modes.
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { zipSync } from 'fflate';
import ts from 'typescript';
import { readList } from './registration-lists.mjs';

/** What functions may ask of callers, and where it is declared. */
const kinds = {
  role: { what: 'app role', file: 'infra/app-roles.json', parameter: 'appRoles' },
  scope: { what: 'scope', file: 'infra/exposed-scopes.json', parameter: 'exposedScopes' },
};

try {
  refuseUnknownNames();
} catch (error) {
  console.error(`${error.message} Nothing was packed.`);
  process.exit(1);
}

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
  LICENSE: await readFile('LICENSE'),
  'THIRD-PARTY-NOTICES.txt': await readFile('dist/main.notices.txt'),
  'sbom.cdx.json': await readFile('dist/main.sbom.json'),
  ...frontEndFiles(),
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
console.log(
  `anteroom.zip              ${kilobytes(zip.length)} (aim: at most 500 KB without a front end)`,
);
for (const [name, bytes] of Object.entries(files))
  console.log(`  ${name.padEnd(24)}${kilobytes(bytes.length)}`);

/** The files of the folder that the option `frontEnd` names, as far as they are served. */
function frontEndFiles() {
  const folders = new Set(globSync('src/**/*.{ts,tsx}').flatMap(frontEndFoldersIn));
  const found = {};
  for (const folder of [...folders].sort()) {
    if (!existsSync(`${folder}/index.html`)) {
      console.error(
        `frontEnd: there is no ${folder}/index.html. Build the front end first. Nothing was packed.`,
      );
      process.exit(1);
    }
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    const paths = entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => `${parentPath}/${name}`.replaceAll('\\', '/'))
      // The app serves no hidden files either.
      .filter((path) => !/\/\.(?!well-known\/)/.test(path.slice(folder.length)));
    for (const path of paths.sort()) found[path] = readFileSync(path);
  }
  return found;
}

function frontEndFoldersIn(path) {
  const folders = [];
  const visit = (node) => {
    if (ts.isPropertyAssignment(node) && node.name.getText() === 'frontEnd') {
      const folder = propertyOf(node.initializer, 'folder') ?? node.initializer;
      for (const { text } of textsOf(folder)) folders.push(text.replace(/^\.\/|\/+$/g, ''));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true));
  return folders;
}

/** A role or a scope that the registration lacks cannot be given to anybody: everybody would get 403. */
function refuseUnknownNames() {
  const uses = globSync('src/**/*.{ts,tsx}')
    .sort()
    .flatMap((path) => namesIn(path).map((use) => ({ path, ...use })));
  const ofGroups = uses.filter(({ kind }) => kind === 'ofGroups').map(({ name }) => name);
  const missing = uses
    .filter(({ kind, name }) => kind in kinds && !(kind === 'role' && ofGroups.includes(name)))
    .flatMap((use) => deploymentsWithout(use).map((place) => ({ ...use, place })));
  if (missing.length === 0) return;
  for (const { path, guard, kind, name, place } of missing) {
    console.error(`${path}: ${guard}('${name}'), but ${place} has no ${kinds[kind].what} ${name}`);
  }
  console.error(
    'Add it, as in [{ "value": "reader", "displayName": "Reader" }], or correct the name. Nothing was packed.',
  );
  process.exit(1);
}

/**
 * Roles and scopes that stand as text: in calls of `withRole` and `withScope` and in their options, as the roles of a declared
 * proxy, and in `groupRoles` (kind `ofGroups`). One that is worked out while the app runs is not known here.
 */
function namesIn(path) {
  const names = [];
  const add = (kind, guard, node) => {
    for (const { text: name } of textsOf(node)) names.push({ kind, name, guard });
  };
  const visit = (node) => {
    if (ts.isCallExpression(node)) {
      const guard = /(?:^|\.)(withRole|withScope)$/.exec(node.expression.getText())?.[1];
      if (guard !== undefined) {
        const [asked, , options] = node.arguments;
        add(guard === 'withRole' ? 'role' : 'scope', guard, asked);
        add('role', guard, propertyOf(options, 'appRole'));
        add('scope', guard, propertyOf(options, 'scope'));
      }
    }
    if (ts.isPropertyAssignment(node) && ts.isObjectLiteralExpression(node.initializer)) {
      const name = node.name.getText();
      if (name === 'proxy') add('role', name, propertyOf(node.initializer, 'roles'));
      if (name === 'groupRoles') {
        for (const group of node.initializer.properties) add('ofGroups', name, group.initializer);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true));
  return names;
}

/** What an object in the code gives for a name. */
function propertyOf(node, name) {
  if (node === undefined || !ts.isObjectLiteralExpression(node)) return undefined;
  return node.properties.find((each) => each.name?.getText() === name)?.initializer;
}

/** One text, or those of a list. */
function textsOf(node) {
  if (node === undefined) return [];
  const all = ts.isArrayLiteralExpression(node) ? [...node.elements] : [node];
  return all.filter(ts.isStringLiteralLike);
}

/** Files whose deployment lacks the name: the list for all, and each parameter file that has a list of its own. */
function deploymentsWithout({ kind, name }) {
  const { file: forAll, parameter } = kinds[kind];
  // The role of the console: infra/modules/entra-app.bicep always makes it.
  if (kind === 'role' && name === 'admin') return [];
  const inAll = existsSync(forAll) ? readList('.', kind).map(({ value }) => value) : [];
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

/** Text of a list parameter, to the next parameter; undefined where the file has none. */
function listOf(parameter, source) {
  return new RegExp(`^param ${parameter} = ([^]*?)(?=^param |$(?![^]))`, 'm').exec(source)?.[1];
}
