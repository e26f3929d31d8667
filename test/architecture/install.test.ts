import { readFileSync } from 'node:fs';

const read = (name: string) => JSON.parse(readFileSync(name, 'utf8')) as Record<string, unknown>;

describe('npm ci', () => {
  it('goes on without Core Tools where their binary cannot be downloaded: npm 10 runs their script', () => {
    const name = 'azure-functions-core-tools';
    expect(read('package.json')).toMatchObject({
      optionalDependencies: { [name]: expect.any(String) as string },
      allowScripts: { [name]: false },
    });
    expect(read('package-lock.json')).toMatchObject({
      packages: { [`node_modules/${name}`]: { hasInstallScript: true, optional: true } },
    });
  });

  it('brings nothing for what Azurite never runs here: its telemetry and its SQL store', () => {
    const { packages } = read('package-lock.json') as { packages: Record<string, unknown> };
    for (const name of ['applicationinsights', 'sequelize', 'mysql2', 'tedious']) {
      expect(packages[`node_modules/${name}`]).toEqual({ resolved: 'local/unused', link: true });
    }
    expect(Object.keys(packages).filter((name) => name.includes('@opentelemetry'))).toEqual([]);
  });
});
