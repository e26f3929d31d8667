// The program behind fake-graph-az.ts: node fake-graph-program.mjs FOLDER ARGUMENTS OF AZ
// It takes the addresses that learn.microsoft.com/graph/api lists for v1.0, and refuses all others.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { graphRoutes } from './fake-graph-routes.mjs';

const [folder, ...args] = process.argv.slice(2);
const file = join(folder, 'tenant.json');
const tenant = JSON.parse(readFileSync(file, 'utf8'));
const option = (name) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
const headers = args.includes('--headers') ? args.slice(args.indexOf('--headers') + 1) : [];
const input = option('--body') === '@-' ? readFileSync(0, 'utf8') : (option('--body') ?? '');
const method = option('--method');
const url = decodeURIComponent((option('--url') ?? '').replace(/^https:\/\/[^/]+\/v1\.0\//, ''));
appendFileSync(join(folder, 'commands'), `${args.join(' ')}\n`);

const statusTexts = { 400: 'Bad Request', 403: 'Forbidden', 404: 'Not Found' };
function refuse(status, code, message) {
  end(1, '', `ERROR: ${statusTexts[status]}(${JSON.stringify({ error: { code, message } })})`);
}
function end(code, stdout, stderr) {
  writeFileSync(file, JSON.stringify(tenant));
  if (stdout !== '') console.log(stdout);
  if (stderr !== '') console.error(stderr);
  process.exit(code);
}
function answer(value) {
  const text = value === undefined ? '' : JSON.stringify(value);
  if (fault?.blurts !== undefined)
    end(
      1,
      '',
      fault.blurts.replace('ANSWER', () => text),
    );
  end(0, fault?.prints?.replace('ANSWER', () => text) ?? text, '');
}
if (!args.includes('--only-show-errors') || option('--output') !== 'json')
  end(2, '', 'talks too much');
const line = `${method ?? args.slice(0, 2).join(' ')} ${url}`.trim();
const fault = tenant.faults.find(({ on, times }) => line.startsWith(on) && times !== 0);
if (fault !== undefined) {
  if (fault.times !== undefined) fault.times -= 1;
  if (fault.interrupts) process.kill(process.ppid, 'SIGINT');
  if (fault.said !== undefined) end(1, '', fault.said);
  if (fault.status !== undefined) refuse(fault.status, fault.code, fault.message);
}

if (line === 'account show') answer({ id: tenant.id, user: 'ada@contoso.com' });
if (line === 'cloud show') answer({ graph: tenant.graph, authority: tenant.authority });
if (args[0] !== 'rest') end(2, '', `unexpected: az ${args.join(' ')}`);
if (!option('--url').startsWith(`${tenant.graph.replace(/\/$/, '')}/v1.0/`))
  end(2, '', 'another host');

const isUpsert = headers.includes('Prefer=create-if-missing');
const body = input === '' ? undefined : JSON.parse(input);
if (body !== undefined && !headers.includes('Content-Type=application/json'))
  refuse(400, 'BadRequest', 'no content type');
const address = option('--url').split('?')[0];

for (const [verb, pattern, act] of graphRoutes({
  tenant,
  body,
  isUpsert,
  address,
  answer,
  refuse,
})) {
  const parts = verb === method ? pattern.exec(url) : null;
  if (parts !== null) act(...parts.slice(1));
}
refuse(400, 'BadRequest', `${method} ${url}: no such form in the documentation`);
