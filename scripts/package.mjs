// Zips exactly what is deployed. The same input gives the same bytes: fixed order, times and modes.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { zipSync } from 'fflate';
import ts from 'typescript';

refuseUnknownRoles();

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

/** A role that the registration lacks cannot be given to anybody: everybody would get 403. */
function refuseUnknownRoles() {
  const missing = globSync('src/**/*.{ts,tsx}')
    .sort()
    .flatMap((path) => rolesIn(path).map((role) => ({ path, role })))
    .flatMap((use) => deploymentsWithout(use.role).map((place) => ({ ...use, place })));
  if (missing.length === 0) return;
  for (const { path, role, place } of missing) {
    console.error(`${path}: withRole('${role}'), but ${place} has no app role ${role}`);
  }
  console.error(
    'Add it, as in [{ "value": "reader", "displayName": "Reader" }], or correct the role. Nothing was packed.',
  );
  process.exit(1);
}

/** Roles that stand as text in calls of `auth.withRole` or `withRole`; one that is worked out while the app runs is not known here. */
function rolesIn(path) {
  const roles = [];
  const visit = (node) => {
    if (ts.isCallExpression(node) && /(^|\.)withRole$/.test(node.expression.getText())) {
      roles.push(...node.arguments.filter(ts.isStringLiteralLike).map(({ text }) => text));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true));
  return roles;
}

/** Files whose deployment lacks the role: the list for all, and each parameter file that has a list of its own. */
function deploymentsWithout(role) {
  // The role of the console: infra/modules/entra-app.bicep always makes it.
  if (role === 'admin') return [];
  const forAll = 'infra/app-roles.json';
  const inAll = existsSync(forAll) ? valuesIn(forAll) : [];
  const own = globSync('infra/*.bicepparam')
    .sort()
    .map((file) => ({ file, list: listOfRoles(readFileSync(file, 'utf8')) }));
  const usesAll = own.length === 0 || own.some(({ list }) => list === undefined);
  return [
    ...(usesAll && !inAll.includes(role) ? [forAll] : []),
    ...own
      .filter(({ list }) => list !== undefined && !list.includes(`'${role}'`))
      .map(({ file }) => file),
  ];
}

function valuesIn(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).map(({ value }) => value);
  } catch (error) {
    throw new Error(`${path} is not a list of app roles, as in [{ "value": "reader" }]`, {
      cause: error,
    });
  }
}

/** Text of the parameter appRoles, to the next parameter; undefined where the file has none. */
function listOfRoles(source) {
  return /^param appRoles = ([^]*?)(?=^param |$(?![^]))/m.exec(source)?.[1];
}
