import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

export type Json = Record<string, unknown>;

export interface FakeGraphAz {
  readonly path: string;
  /** What the tenant holds: objects by their kind and key. */
  objects(): Readonly<Record<string, Json>>;
  commands(): readonly string[];
  remove(): void;
}

export const tenantId = '5a17d1a9-0000-4000-8000-00000000a11c';
export const appId = 'c11e0000-0000-4000-8000-0000000a99a9';
export const applicationId = '0b7ec700-0000-4000-8000-0000000a99a9';
export const servicePrincipalId = '5e4b1ce0-0000-4000-8000-0000000a99a9';

/**
 * An Azure CLI before a tenant of its own: upserts by alternate key, reads, role assignments, deletion in two steps,
 * secrets. It refuses what Graph refuses: an upsert without the header, a second assignment of the same role.
 */
const script = `#!/usr/bin/env node
const { readFileSync, writeFileSync, appendFileSync } = require('node:fs');
const { join } = require('node:path');
const args = process.argv.slice(2);
const line = args.join(' ').replace(/\\s+/g, ' ');
appendFileSync(join(__dirname, 'commands'), line + '\\n');
const file = join(__dirname, 'objects.json');
const objects = JSON.parse(readFileSync(file, 'utf8'));
const option = (name) => args[args.indexOf(name) + 1];
const print = (value) => { if (value !== undefined && value !== null) console.log(value); };
const fail = (text) => { console.error(text); process.exit(1); };
const save = () => writeFileSync(file, JSON.stringify(objects));

if (line.startsWith('account show')) print('${tenantId}');
else if (line.startsWith('cloud show')) print(line.includes('activeDirectory') ? 'https://login.microsoftonline.com' : 'https://graph.microsoft.com/');
else if (line.startsWith('ad signed-in-user show')) print('ada');
else if (line.startsWith('ad app permission admin-consent')) { objects.consent = { id: option('--id') }; save(); }
else if (line.startsWith('ad app credential reset')) {
  objects.secrets = { count: (objects.secrets?.count ?? 0) + 1, append: args.includes('--append') };
  save();
  print('secret-' + objects.secrets.count);
} else if (line.startsWith('rest')) rest();
else fail('unexpected: az ' + line);

function rest() {
  const url = option('--url').replace('https://graph.microsoft.com/v1.0/', '');
  const method = option('--method');
  const app = objects.application;
  const isApp = app !== undefined && (url === "applications(uniqueName='" + app.uniqueName + "')" || url === "applications(appId='" + app.appId + "')");
  if (method === 'PATCH') {
    const start = args.indexOf('--headers');
    if (!args.slice(start, start + 3).includes('Prefer=create-if-missing')) fail('404 Not Found');
    const body = JSON.parse(option('--body'));
    if (/^applications\\(uniqueName='[^']+'\\)$/.test(url)) objects.application = { id: '${applicationId}', appId: '${appId}', uniqueName: url.split("'")[1], ...app, ...body };
    else if (url === "servicePrincipals(appId='${appId}')") objects.servicePrincipal = { id: '${servicePrincipalId}', ...objects.servicePrincipal, ...body };
    else if (isFic(url)) objects.federatedIdentityCredential = { name: 'app-identity', ...body };
    else fail('404 ' + url);
    return save();
  }
  if (method === 'GET') {
    const query = option('--query');
    if (isApp) return print(app[query]);
    if (url === "servicePrincipals(appId='${appId}')") return print(objects.servicePrincipal?.[query]);
    if (url === 'servicePrincipals/${servicePrincipalId}/appRoleAssignedTo') {
      const [, principal, role] = /principalId=='([^']+)' && appRoleId=='([^']+)'/.exec(query);
      return print((objects.assignments ?? []).find((held) => held.principalId === principal && held.appRoleId === role)?.id);
    }
    if (url.startsWith('directory/deletedItems/microsoft.graph.application')) {
      return print(url.includes(objects.deleted?.appId) ? objects.deleted.id : undefined);
    }
    fail('404 ' + url);
  }
  if (method === 'POST' && url.endsWith('/appRoleAssignedTo')) {
    const body = JSON.parse(option('--body'));
    objects.assignments ??= [];
    if (objects.assignments.some((held) => held.principalId === body.principalId)) fail('Permission being assigned already exists');
    objects.assignments.push({ id: 'assignment', ...body });
    return save();
  }
  if (method === 'DELETE' && url === 'applications/' + app?.id) { objects.deleted = app; delete objects.application; return save(); }
  if (method === 'DELETE' && url === 'directory/deletedItems/' + objects.deleted?.id) { delete objects.deleted; return save(); }
  fail('404 ' + url);
}
function isFic(url) {
  return url === "applications(uniqueName='" + objects.application?.uniqueName + "')/federatedIdentityCredentials(name='app-identity')";
}
`;

export function createFakeGraphAz(objects: Readonly<Record<string, Json>> = {}): FakeGraphAz {
  const folder = mkdtempSync(join(tmpdir(), 'anteroom-graph-'));
  writeFileSync(join(folder, 'az'), script);
  chmodSync(join(folder, 'az'), 0o755);
  writeFileSync(join(folder, 'objects.json'), JSON.stringify(objects));
  const commands = join(folder, 'commands');
  return {
    path: `${folder}${delimiter}${process.env['PATH'] ?? ''}`,
    objects: () =>
      JSON.parse(readFileSync(join(folder, 'objects.json'), 'utf8')) as Readonly<
        Record<string, Json>
      >,
    commands: () =>
      existsSync(commands) ? readFileSync(commands, 'utf8').split('\n').filter(Boolean) : [],
    remove: () => {
      rmSync(folder, { recursive: true });
    },
  };
}
