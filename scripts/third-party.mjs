// What a bundle holds of others: their licences, which must travel with it, and the list of the packages as CycloneDX
// (https://cyclonedx.org/docs/1.6/json/), with which a scanner finds the known weaknesses of the bundle. Neither tells
// the time: the same sources give the same bytes. What a package leaves out stops no build, which would keep people from
// their work; test/architecture/third-party.test.ts finds it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @param metafile what esbuild tells about the bundles
 * @param product `{ name, version, license, type }`, the type in the words of CycloneDX
 * @param paths of the two files to write: `{ notices, sbom }`
 */
export function writeThirdParty(metafile, product, { notices, sbom }) {
  const folders = packagesIn(metafile);
  const packages = new Map([...folders.keys()].map((folder) => [folder, packageIn(folder)]));
  writeFileSync(notices, noticesOf([...packages.values()]));
  writeFileSync(sbom, `${JSON.stringify(sbomOf(product, packages, folders), null, 2)}\n`);
}

/** @returns the folder of each package in the bundles, with the folders of those that it imports; '' is our own code */
function packagesIn({ inputs, outputs }) {
  const bundled = Object.values(outputs).flatMap((output) =>
    Object.entries(output.inputs ?? {})
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([path]) => path),
  );
  const folders = new Map(bundled.map((path) => [folderOf(path), new Set()]));
  for (const path of bundled) {
    const imported = inputs[path].imports.map((one) => folderOf(one.path));
    for (const folder of imported) {
      if (folders.has(folder) && folder !== folderOf(path)) folders.get(folderOf(path)).add(folder);
    }
  }
  const sorted = [...folders].sort(([a], [b]) => (a < b ? -1 : 1));
  folders.clear();
  for (const [folder, imports] of sorted) folders.set(folder, [...imports].sort());
  return folders;
}

/** A package may have packages of its own in its folder: the last one counts. */
function folderOf(path) {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? '';
}

function packageIn(folder) {
  if (folder === '') return undefined;
  const { name, version, license, author } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  );
  return { name, version, license: String(license), author, folder };
}

function noticesOf(packages) {
  const texts = packages
    .filter((one) => one !== undefined)
    .map((one) => `${one.name} ${one.version} (${one.license})\n\n${licenseTextOf(one)}`);
  const line = '-'.repeat(80);
  return `Parts of these packages are bundled here.\n\n${texts.join(`\n\n${line}\n\n`)}\n`;
}

/** Apache 2.0 (section 4) wants the file NOTICE too, where there is one. */
function licenseTextOf({ name, license, author, folder }) {
  const files = readdirSync(folder).filter((file) =>
    /^(?:licen[cs]e|copying|notice|third-?party)/i.test(file),
  );
  const texts = files.sort().map((file) => readFileSync(join(folder, file), 'utf8').trim());
  if (texts.length > 0) return texts.join('\n\n');
  if (license !== 'MIT') return 'The package brings no text of its licence.';
  const holder = typeof author === 'string' ? author : (author?.name ?? `the authors of ${name}`);
  return mitOf(holder);
}

/** A few packages name the licence and leave its text out (https://spdx.org/licenses/MIT.html). */
const mitOf = (holder) => `MIT License

Copyright (c) ${holder}

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.`;

function sbomOf(product, packages, folders) {
  const hashOf = createHashOf();
  const root = purlOf(product);
  const refOf = (folder) => (folder === '' ? root : purlOf(packages.get(folder)));
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { lifecycles: [{ phase: 'build' }], component: componentOf(product, product.type) },
    components: [...packages.values()]
      .filter((one) => one !== undefined)
      .map((one) => ({
        ...componentOf(one, 'library'),
        hashes: hashOf(one).map((content) => ({ alg: 'SHA-512', content })),
      })),
    dependencies: [...folders].map(([folder, imports]) => ({
      ref: refOf(folder),
      dependsOn: imports.map(refOf),
    })),
  };
}

function componentOf(one, type) {
  const [, group, name] = /^(?:(@[^/]+)\/)?(.+)$/.exec(one.name);
  return {
    type,
    'bom-ref': purlOf(one),
    ...(group === undefined ? {} : { group }),
    ...{ name, version: one.version, licenses: [licenseOf(one)], purl: purlOf(one) },
  };
}

/** An id or an expression of SPDX, or whatever else the package says. */
function licenseOf({ license }) {
  if (/ (?:AND|OR|WITH) /.test(license)) return { expression: license };
  return { license: /^(?!UN)[\w.+-]+$/.test(license) ? { id: license } : { name: license } };
}

/** The package URL by which databases of weaknesses know a package (https://github.com/package-url/purl-spec). */
function purlOf({ name, version }) {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

/** As in `npm sbom`: the hash of a package is that of its tarball in the registry, which the lock file pins; or none. */
function createHashOf() {
  const locks = new Map();
  return ({ folder }) => {
    const at = folder.indexOf('node_modules/');
    const path = join(folder.slice(0, at), 'package-lock.json');
    if (!locks.has(path)) {
      locks.set(path, existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : {});
    }
    const integrity = locks.get(path)[folder.slice(at)]?.integrity;
    const [, hash] = /^sha512-(.+)$/.exec(integrity ?? '') ?? [];
    return hash === undefined ? [] : [Buffer.from(hash, 'base64').toString('hex')];
  };
}
