import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { isObject } from '../../src/json';
import { createBicepParser, type Project, readInfraSources, resolvePath } from './bicep-project';

/** Every rule of the linter in Bicep 0.46 (Azure/bicep, src/Bicep.Core/Analyzers/Linter/Rules). */
const linterRules =
  'adminusername-should-not-be-literal artifacts-parameters decompiler-cleanup explicit-values-for-loc-params max-asserts max-outputs max-params max-resources max-variables nested-deployment-template-scoping no-conflicting-metadata no-deployments-resources no-explicit-any no-hardcoded-env-urls no-hardcoded-location no-hardcoded-outputs no-loc-expr-outside-params no-module-name no-unnecessary-dependson no-unused-existing-resources no-unused-imports no-unused-params no-unused-types no-unused-vars outputs-should-not-contain-secrets prefer-interpolation prefer-unquoted-property-names protect-commandtoexecute-secrets secure-parameter-default secure-params-in-nested-deploy secure-params-in-parameters-file secure-secrets-in-params simplify-interpolation simplify-json-null stacks-extensibility-compat use-description-outputs use-description-params use-description-type-properties use-description-types use-description-vars use-parent-property use-recent-api-versions use-recent-az-powershell-version use-recent-module-versions use-recognized-resource-type use-resource-id-functions use-resource-symbol-reference use-safe-access use-secure-value-for-secure-inputs use-stable-resource-identifiers use-stable-vm-image use-user-defined-types what-if-short-circuiting'.split(
    ' ',
  );

describe('infra/bicepconfig.json', () => {
  const configuration: unknown = JSON.parse(readFileSync('infra/bicepconfig.json', 'utf8'));

  it('has every rule of the linter as an error', () => {
    const wanted = Object.fromEntries(linterRules.map((rule) => [rule, { level: 'error' }]));
    expect(configuration).toMatchObject({ analyzers: { core: { enabled: true } } });
    const rules: unknown = at(configuration, 'analyzers', 'core', 'rules');
    expect(rules).toEqual(wanted);
  });

  it.each(globSync('infra/**/*.{bicep,bicepparam}').sort())('holds for the whole of %s', (path) => {
    // Single lines are another matter: infra/README.md lists them.
    expect(readFileSync(path, 'utf8')).not.toMatch(/#disable-(?!next-line )/);
  });

  it('pins the Microsoft Graph extension', () => {
    expect(at(configuration, 'extensions')).toEqual({
      microsoftGraphV1: 'br:mcr.microsoft.com/bicep/extensions/microsoftgraph/v1.0:1.0.0',
    });
  });

  it('turns on nothing experimental', () => {
    expect(at(configuration, 'experimentalFeaturesEnabled')).toBeUndefined();
  });
});

describe('the parameter files', () => {
  const files = globSync('infra/*.bicepparam').sort();
  let project: Project;

  beforeAll(async () => {
    project = (await createBicepParser())(readInfraSources());
  });

  it('are there for a first deployment, for production and for azd', () => {
    expect(files.map((path) => basename(path))).toEqual([
      'main.bicepparam',
      'main.production.bicepparam',
      'sub.bicepparam',
    ]);
  });

  it.each(files)('%s gives values that its template takes', (path) => {
    const text = readFileSync(path, 'utf8');
    const template = project.get(resolvePath(path, /^using '(.+)'$/m.exec(text)?.[1] ?? ''));
    const given = [...text.matchAll(/^param (\w+) = (.+)$/gm)];
    expect(given.length).toBeGreaterThan(0);
    for (const [, name = '', value = ''] of given) {
      const parameter = template?.parameters.find((declared) => declared.name === name);
      expect({ name, isKnown: parameter !== undefined }).toEqual({ name, isKnown: true });
      // What is written in a file ends up in git, so a secure value comes from the environment, or there is none.
      const isSafe =
        parameter?.isSecure !== true || /^readEnvironmentVariable\('\w+', ''\)$/.test(value);
      expect({ name, isSafe }).toEqual({ name, isSafe: true });
      const allowed = parameter?.decorators.find((text) => text.startsWith('@allowed'));
      if (allowed !== undefined) expect(allowed).toContain(value);
      expect({ name, form: formOf(value) }).toEqual({ name, form: parameter?.type });
    }
    // Nothing but comments, the template and parameters.
    const rest = text.replaceAll(/^(using|param|\/\/) ?.*$/gm, '').trim();
    expect(rest).toBe('');
  });

  it.each([
    // Nothing that costs before somebody decided for it.
    ['main', ['environmentName', 'packageUri']],
    [
      'main.production',
      [
        'environmentName',
        'packageUri',
        'zoneRedundant',
        'privateNetwork',
        'assignmentRequired',
        'alertEmail',
        'logRetentionDays',
      ],
    ],
    ['sub', ['environmentName', 'location', 'deployEntraApp', 'entraClientId', 'alertEmail']],
  ])('%s.bicepparam decides what it is for, and leaves the rest to the template', (file, names) => {
    expect([...valuesOf(file).keys()]).toEqual(names);
  });

  it.each([
    ['main', 'packageUri', "readEnvironmentVariable('PACKAGE_URI', '')"],
    ['main.production', 'packageUri', "readEnvironmentVariable('PACKAGE_URI', '')"],
    ['main.production', 'zoneRedundant', 'true'],
    ['main.production', 'privateNetwork', 'true'],
    ['main.production', 'assignmentRequired', 'true'],
    ['main.production', 'alertEmail', "readEnvironmentVariable('ALERT_EMAIL', '')"],
    // The names that azd gives: https://learn.microsoft.com/azure/developer/azure-developer-cli/manage-environment-variables
    ['sub', 'environmentName', "readEnvironmentVariable('AZURE_ENV_NAME', 'anteroom')"],
    ['sub', 'location', "readEnvironmentVariable('AZURE_LOCATION', 'westeurope')"],
    ['sub', 'deployEntraApp', "bool(readEnvironmentVariable('DEPLOY_ENTRA_APP', 'true'))"],
    ['sub', 'entraClientId', "readEnvironmentVariable('ENTRA_CLIENT_ID', '')"],
  ])('%s.bicepparam sets %s to %s', (file, name, value) => {
    expect(valuesOf(file).get(name)).toBe(value);
  });

  function valuesOf(file: string): ReadonlyMap<string, string> {
    const text = readFileSync(`infra/${file}.bicepparam`, 'utf8');
    const given = text.matchAll(/^param (\w+) = (.+)$/gm);
    return new Map([...given].map(([, name = '', value = '']) => [name, value]));
  }

  function formOf(value: string): string {
    if (/^(true|false|bool\(.+\))$/.test(value)) return 'bool';
    if (/^(\d+|int\(.+\))$/.test(value)) return 'int';
    return /^('[^']*'|readEnvironmentVariable\('\w+', '[^']*'\))$/.test(value) ? 'string' : value;
  }
});

describe('azure.yaml', () => {
  const text = readFileSync('azure.yaml', 'utf8');

  it('deploys the zip that npm run package makes to the app that the template tags', () => {
    const [, zip = 'none'] = /^ {4}dist: (.+)$/m.exec(text) ?? [];
    expect(readFileSync('scripts/package.mjs', 'utf8')).toContain(`writeFile('${zip}'`);
    const [, service = 'none'] = /^services:\n {2}(\w+):$/m.exec(text) ?? [];
    expect(readFileSync('infra/modules/function-app.bicep', 'utf8')).toContain(
      `'azd-service-name': '${service}'`,
    );
    expect(text).toMatch(/^ {4}remoteBuild: false$/m);
  });

  it('builds before it packages, and hands Azure nothing to build', () => {
    // A hook of the project does not run in `azd deploy`: the zip would be that of the last `azd package`.
    const [, hooks = ''] =
      /^services:\n {2}web:\n[^]*?^ {4}hooks:\n {6}prepackage:\n([^]*)$/m.exec(text) ?? [];
    expect(text).not.toMatch(/^hooks:/m);
    expect([...hooks.matchAll(/^ {10}run: (.+)$/gm)].map(([, run]) => run)).toEqual([
      'npm ci && npm run package',
      'npm ci && npm run package',
    ]);
    expect(text).toMatch(/^ {4}host: function$/m);
    expect(text).toMatch(/^ {4}language: custom$/m);
  });

  it('uses the template for a subscription', () => {
    expect(text).toMatch(/^infra:\n {2}provider: bicep\n {2}path: infra\n {2}module: sub$/m);
  });
});

describe('the telemetry that host.json asks for', () => {
  const host: unknown = JSON.parse(readFileSync('host.json', 'utf8'));
  const telemetry = at(host, 'logging', 'applicationInsights');

  it('has no query strings, which carry authorization codes', () => {
    expect(at(telemetry, 'enableQueryStringTracing')).toBe(false);
  });

  it('keeps every request, exception and audit line, however many there are', () => {
    const excluded = String(at(telemetry, 'samplingSettings', 'excludedTypes')).split(';');
    expect(excluded.sort()).toEqual(['Exception', 'Request', 'Trace']);
  });
});

function at(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>((found, key) => (isObject(found) ? found[key] : undefined), value);
}
