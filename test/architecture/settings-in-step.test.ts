import { readFileSync } from 'node:fs';
import { hostSettings } from '../../local/stack/settings';
import { isObject } from '../../src/bodies';
import { readSettings, settingDefaults } from '../../src/settings';

const names = Object.keys(settingDefaults).sort();
const forTheHost = [
  'FUNCTIONS_WORKER_RUNTIME',
  'AzureWebJobsStorage',
  ...Object.keys(hostSettings),
];

function exampleValues(): Record<string, string> {
  const example: unknown = JSON.parse(readFileSync('local.settings.json.example', 'utf8'));
  const values = isObject(example) && isObject(example['Values']) ? example['Values'] : {};
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, typeof value === 'string' ? value : '']),
  );
}

/** Rows of the table in docs/settings.md: every code span in the first column, and the default in the last. */
function tableRows(): Map<string, string> {
  const [, section = ''] =
    /^# Settings\n([\s\S]*?)\n## /.exec(readFileSync('docs/settings.md', 'utf8')) ?? [];
  const rows = new Map<string, string>();
  for (const line of section.split('\n').filter((text) => text.startsWith('| `'))) {
    const cells = line.split('|').map((cell) => cell.trim());
    for (const [, name] of (cells[1] ?? '').matchAll(/`([A-Z0-9_]+)`/g)) {
      rows.set(name ?? '', cells.at(-2) ?? '');
    }
  }
  return rows;
}

describe('settings in step', () => {
  it('lists in local.settings.json.example exactly the settings that the code reads', () => {
    const listed = Object.keys(exampleValues()).filter((name) => !forTheHost.includes(name));
    expect(listed.sort()).toEqual(names);
  });

  it('gives in local.settings.json.example values that the code accepts as they are', () => {
    expect(readSettings(exampleValues())).toHaveProperty('settings');
  });

  it('gives the Functions host in local.settings.json.example what the local stack gives it', () => {
    expect(exampleValues()).toMatchObject(hostSettings);
  });

  it('lists in docs/settings.md exactly the settings that the code reads', () => {
    expect([...tableRows().keys()].sort()).toEqual(names);
  });

  it('states in docs/settings.md the defaults of the code', () => {
    const rows = tableRows();
    for (const [name, value] of Object.entries(settingDefaults)) {
      if (value !== undefined) {
        expect(`${name} ${rows.get(name) ?? ''}`).toBe(`${name} \`${value}\``);
      }
    }
  });
});
