// Used by entra-app.sh --local: puts a registration into local.settings.json, which git ignores.
//   local-settings.mjs has-secret APP_ID          exit code 0 when the file has a secret for that registration
//   local-settings.mjs write APP_ID TENANT URL    takes the secret from standard input
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';

const path = 'local.settings.json';
const read = () =>
  JSON.parse(readFileSync(existsSync(path) ? path : 'local.settings.json.example', 'utf8'));
const [command, appId, tenantId, url] = process.argv.slice(2);

if (command === 'has-secret') {
  const { Values } = read();
  const has = Values.ENTRA_CLIENT_ID === appId && (Values.ENTRA_CLIENT_SECRET ?? '') !== '';
  process.exitCode = has ? 0 : 1;
} else if (command === 'write') {
  const settings = read();
  Object.assign(settings.Values, {
    APP_BASE_URL: url,
    ENTRA_TENANT_ID: tenantId,
    ENTRA_CLIENT_ID: appId,
    ENTRA_CLIENT_SECRET: readFileSync(0, 'utf8').trim(),
    // The real provider and the real Graph: their defaults.
    ENTRA_AUTHORITY: '',
    ENTRA_ISSUER: '',
    GRAPH_BASE_URL: '',
  });
  writeFileSync(path, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 });
  // The mode above is for a new file only.
  chmodSync(path, 0o600);
} else {
  console.error('local-settings.mjs is used by entra-app.sh');
  process.exitCode = 2;
}
