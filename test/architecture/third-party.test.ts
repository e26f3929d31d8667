import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import * as v from 'valibot';

/**
 * Licences under which others may pass on our bundle, changed or not, in a product of any kind. Each asks for its text and
 * the copyright, which THIRD-PARTY-NOTICES.txt holds. A new one is read by a person before it is added.
 */
const allowed = [
  ...['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT'],
];

/** Packages whose package.json does not say it in the words of SPDX, and what their licence file says. */
const readByHand: Readonly<Record<string, string>> = {
  // https://github.com/geraintluff/uri-templates/blob/master/LICENSE.txt: public domain, or MIT where that does not exist.
  'node_modules/uri-templates': 'http://geraintluff.github.io/tv4/LICENSE.txt',
};

const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

const Lock = v.object({
  packages: v.record(
    v.string(),
    v.object({
      ...{ version: v.optional(v.string()), license: v.optional(v.string()) },
      ...{ integrity: v.optional(v.string()), link: v.optional(v.boolean()) },
      dev: v.optional(v.boolean()),
      dependencies: v.optional(v.record(v.string(), v.string()), {}),
    }),
  ),
});
const { packages } = v.parse(Lock, read('package-lock.json'));

const Component = v.strictObject({
  ...{ type: v.string(), 'bom-ref': v.string(), group: v.optional(v.string()), name: v.string() },
  version: v.string(),
  licenses: v.tuple([v.strictObject({ license: v.strictObject({ id: v.picklist(allowed) }) })]),
  purl: v.pipe(v.string(), v.regex(/^pkg:npm\/(?:%40[\w-]+\/)?[\w.-]+@\d+\.\d+\.\d+$/)),
});
/** The part of CycloneDX 1.6 that we write; the whole schema is at https://cyclonedx.org/schema/bom-1.6.schema.json. */
const Sbom = v.strictObject({
  $schema: v.literal('http://cyclonedx.org/schema/bom-1.6.schema.json'),
  ...{ bomFormat: v.literal('CycloneDX'), specVersion: v.literal('1.6'), version: v.literal(1) },
  metadata: v.strictObject({
    lifecycles: v.tuple([v.strictObject({ phase: v.literal('build') })]),
    component: Component,
  }),
  components: v.array(
    v.strictObject({
      ...Component.entries,
      hashes: v.tuple([
        v.strictObject({ alg: v.literal('SHA-512'), content: v.pipe(v.string(), v.length(128)) }),
      ]),
    }),
  ),
  dependencies: v.array(v.strictObject({ ref: v.string(), dependsOn: v.array(v.string()) })),
});

describe('what an install brings', () => {
  it('has a licence that lets others pass it on: the app, and the package for local runs', () => {
    const others = Object.entries(packages)
      .filter(([path, { dev, link }]) => path.includes('node_modules/') && !dev && !link)
      .map(([path, { license = 'none' }]) => [path, license] as const);
    expect(others.length).toBeGreaterThan(100);
    const refused = others.filter(
      ([path, license]) => !allowed.includes(license) && readByHand[path] !== license,
    );
    expect(refused).toEqual([]);
  });
});

describe('the list of what is in the bundle', () => {
  const sbom = v.parse(Sbom, read('dist/main.sbom.json'));
  const notices = readFileSync('dist/main.notices.txt', 'utf8');
  const nameOf = ({
    group,
    name,
  }: {
    readonly group?: string | undefined;
    readonly name: string;
  }) => (group === undefined ? name : `${group}/${name}`);

  it('begins with the dependencies that package.json names, in the versions of the lock file', () => {
    const { name, version, dependencies } = v.parse(
      v.object({
        name: v.string(),
        version: v.string(),
        dependencies: Lock.entries.packages.value.entries.dependencies,
      }),
      read('package.json'),
    );
    const root = `pkg:npm/${name}@${version}`;
    expect(sbom.metadata.component.purl).toBe(root);
    const named = Object.entries(dependencies).map(
      ([one, pinned]) => `pkg:npm/${one.replace('@', '%40')}@${pinned}`,
    );
    expect(sbom.dependencies.find(({ ref }) => ref === root)?.dependsOn.sort()).toEqual(
      named.sort(),
    );
  });

  it('leaves out what nothing reaches: XML, proxies of the Azure SDK, signatures by MSAL', () => {
    const names = sbom.components.map(nameOf);
    expect(names).toEqual(expect.arrayContaining(['@azure/msal-node', '@azure/data-tables']));
    expect(names.filter((name) => /xml|proxy-agent|jsonwebtoken|semver|debug/.test(name))).toEqual(
      [],
    );
  });

  // Each cold start reads it, and each deployment sends it.
  it('is of a bundle of at most 253 KiB, compressed', () => {
    const bundle = gzipSync(readFileSync('dist/main.js'), { level: 9 });
    expect(bundle.byteLength / 1024).toBeLessThan(253);
  });

  it('has each package once, by the hash and the licence that the lock file has for it', () => {
    const pinned = new Map(Object.values(packages).map((one) => [one.integrity, one]));
    for (const { hashes, version, licenses, ...component } of sbom.components) {
      const integrity = `sha512-${Buffer.from(hashes[0].content, 'hex').toString('base64')}`;
      const { version: lockedVersion, license } = pinned.get(integrity) ?? {};
      expect([nameOf(component), lockedVersion, license]).toEqual([
        ...[nameOf(component), version, licenses[0].license.id],
      ]);
    }
    const refs = sbom.components.map((one) => one['bom-ref']);
    expect(new Set(refs).size).toBe(refs.length);
  });

  it('has both where a package brings another version of one that we have', () => {
    const places = ['node_modules/cookie', 'node_modules/@azure/functions/node_modules/cookie'];
    const wanted = places.map((path) => `pkg:npm/cookie@${packages[path]?.version ?? 'gone'}`);
    expect(new Set(wanted).size).toBe(2);
    expect(sbom.components.map(({ purl }) => purl)).toEqual(expect.arrayContaining(wanted));
  });

  it('says who needs whom: everything in it is needed by the app', () => {
    const needs = new Map(sbom.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
    const reached = new Set([sbom.metadata.component['bom-ref']]);
    for (const ref of reached) for (const one of needs.get(ref) ?? []) reached.add(one);
    const refs = [sbom.metadata.component, ...sbom.components].map((one) => one['bom-ref']);
    expect([...reached].sort()).toEqual([...refs].sort());
    expect([...needs.keys()].sort()).toEqual([...refs].sort());
  });

  it('goes with the text of each licence', () => {
    const parts = notices
      .split(`\n\n${'-'.repeat(80)}\n\n`)
      .map((part, index) => (index === 0 ? part.slice(part.indexOf('\n\n') + 2) : part));
    const titles = parts.map((part) => part.slice(0, part.indexOf('\n')));
    expect(titles).toEqual(
      sbom.components.map((one) => `${nameOf(one)} ${one.version} (${one.licenses[0].license.id})`),
    );
    const withoutText = parts.filter(
      (part) =>
        !/Permission is hereby granted|Permission to use|Redistribution and use|Apache License/.test(
          part,
        ),
    );
    expect(withoutText.map((part) => part.slice(0, 80))).toEqual([]);
    expect(parts.filter((part) => !/copyright/i.test(part))).toEqual([]);
  });
});
