import { readFileSync } from 'node:fs';
import { appEnvironment, appSettings } from '../../local/stack/settings';
import { settingDefaults } from '../../src/settings';

describe('docs/local-host.md', () => {
  it('lists the settings of local.settings.json that count under npm start', () => {
    const standIn = 'http://127.0.0.1:1/v2.0';
    const given = appSettings({
      baseUrl: 'http://localhost:7071',
      authority: standIn,
      issuer: standIn,
      clientSecret: 'secret',
      tablesConnectionString: 'tables',
      tableName: 'anteroom',
      keyRingSecret: 'ring',
      graphBaseUrl: standIn,
    });
    // The host takes from the file what is not in its environment, not even as an empty text.
    const environment = appEnvironment({}, true, given);
    const counted = Object.keys(settingDefaults).filter((name) => environment[name] === undefined);
    const page = readFileSync('docs/local-host.md', 'utf8');
    const [, list = ''] = /<!-- counted -->([\s\S]*?)<!-- \/counted -->/.exec(page) ?? [];
    const listed = [...list.matchAll(/`([A-Z0-9_]+)`/g)].map(([, name]) => name);
    expect(listed).toEqual(counted);
  });
});
