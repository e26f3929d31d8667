import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { AzFailure, printable, Stop } from './az.mjs';
import { explain, leavesOf } from './failures.mjs';
import { waitForHealth } from './health';
import { type Entries, readEntries, readRegistrations, redirectUri } from './registration';
import { type Machine, patiently, prepare, type Run, runTemplate, upload } from './steps';

const help = `npm run deploy -- --resource-group NAME [options]

Makes or updates everything in Azure, uploads the package, and asks /health. It can be repeated.
  -g, --resource-group NAME   made when it does not exist, in the subscription that az uses
  -l, --location REGION       where to make it, such as westeurope
  -p, --parameters VALUE      name=value or a .bicepparam file, as often as needed: infra/README.md
                              lists them. name=value wins over the file, infra/main.bicepparam if
                              none is named
Exit codes: 0 done; 1 not deployed, or not all of it; 2 deployed, but not healthy yet, or the
redirect URI is not registered; 130 stopped with Ctrl-C.`;

/** @returns the exit code: `--help` lists them */
export async function deploy(args: readonly string[], machine: Machine): Promise<number> {
  const say = (text: string): void => {
    machine.say(printable(text));
  };
  try {
    const options = readOptions(args);
    if (options === undefined) say(help);
    else await deployAll({ ...machine, say, ...options });
    return 0;
  } catch (error) {
    if (machine.interrupt.aborted) {
      say(`\nStopped here. What Azure has begun goes on there. Wait for it, then run this again:
  az deployment group wait --created --name anteroom --resource-group GROUP
or stop it there too: az deployment group cancel --name anteroom --resource-group GROUP`);
      return 130;
    }
    if (error instanceof AzFailure) {
      const { message, remedy } = explain(error.message);
      say(`${leavesOf(error.message)}\n\nNot finished: ${message}\n${remedy}`);
      say('What was made stays as it is: this can be run again.');
      return 1;
    }
    if (!(error instanceof Stop)) throw error;
    say(`\nNot finished: ${error.message}`);
    return error.exitCode;
  }
}

/** @returns undefined when help was asked for */
function readOptions(args: readonly string[]) {
  const { 'resource-group': group, location, parameters = [], help: isHelp } = parsed(args);
  if (isHelp === true) return undefined;
  // An empty one is a variable of a script that is not set.
  if (group === undefined || [group, location, ...parameters].includes('')) {
    throw new Stop(`An option is missing or empty.\n\n${help}`);
  }
  if (parameters.some((value) => /^packageUri=/i.test(value))) {
    throw new Stop('This uploads the package: packageUri is for az deployment group create.');
  }
  const pairs = parameters.filter((value) => /^\w+=/.test(value));
  const files = parameters.filter((value) => !pairs.includes(value));
  // az takes no other file beside it, and says so only after the resource group is made.
  if (files.length > 1 || !files.every((file) => /\.bicepparam$/.test(file) && existsSync(file))) {
    throw new Stop('--parameters takes name=value, and one .bicepparam file that is there.');
  }
  // The usual file stays in force beside name=value: people write their own values into it.
  const all = [...(files.length > 0 ? files : ['infra/main.bicepparam']), ...pairs];
  return { group, location, parameters: all };
}

const options = {
  'resource-group': { type: 'string', short: 'g' },
  location: { type: 'string', short: 'l' },
  parameters: { type: 'string', short: 'p', multiple: true },
  help: { type: 'boolean', short: 'h' },
} as const;

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new Stop(`${String(error)}\n\n${help}`);
  }
}

async function deployAll(run: Run): Promise<void> {
  const { az, group, say } = run;
  if (!existsSync(run.zip)) throw new Stop(`There is no ${run.zip}: npm run package makes it.`);
  await prepare(run);
  const before = await readRegistrations(az, group);
  say('3/5 Template: about five minutes the first time, more with Front Door or a private network');
  say(`  to watch: az deployment operation group list --name anteroom --resource-group ${group}`);
  const outputs = await patiently(run, () => runTemplate(run));
  const { url, entraClientId } = outputs;
  say('4/5 Package');
  await patiently(run, () => upload(run, outputs.functionAppName));
  const after = entraClientId === '' ? undefined : await readEntries(az, entraClientId);
  sayLosses(run, before.get(entraClientId), after);
  sayNext(run, outputs);
  const isRegistered = after?.includes(redirectUri(outputs.redirectUri)) ?? true;
  const lacks = `the registration ${entraClientId} lacks ${outputs.redirectUri}. Whoever keeps it runs:\n${outputs.entraAppCommands.join('\n')}`;
  if (!isRegistered) throw new Stop(`Deployed, but ${lacks}`, 2);
  if (entraClientId === '') return;
  say('5/5 Health');
  await waitForHealth(url, run.clock, run.interrupt, say);
  say('  ok');
}

function sayLosses({ say }: Run, before: Entries = [], after: Entries = before): void {
  const lost = before.filter((entry) => !after.includes(entry));
  if (lost.length === 0) return;
  say('  Removed from the registration, since no parameter names it. Put back what you need:');
  for (const entry of lost) say(`    ${entry}`);
}

const sharedHost = /\.(azurewebsites\.(net|us|cn)|azurefd\.(net|us|cn))$/;

function sayNext({ say }: Run, outputs: Awaited<ReturnType<typeof runTemplate>>): void {
  const { url, dnsRecords, entraClientId, entraAppCommands } = outputs;
  say(`\n${url}\nredirect URI: ${outputs.redirectUri}`);
  if (sharedHost.test(URL.parse(url)?.hostname ?? '')) {
    say('Other people have apps under this domain, and browsers take those for the same site.');
    say("In production use your own: param customDomain = 'YOUR_DOMAIN' in a .bicepparam file.");
  }
  if (dnsRecords.length > 0) say('First make these DNS records for that domain:');
  for (const record of dnsRecords) say(`  ${record}`);
  const [first = '', ...others] = entraAppCommands;
  const commands = (options: string) => [`${first}${options}`, ...others].join('\n  ');
  if (entraClientId === '') {
    say(`There is no registration yet. Whoever keeps registrations runs:\n  ${commands('')}`);
  } else {
    const more = others.length > 0 ? ', and keeps the registration as the parameters say' : '';
    say(`This lets somebody open the console${more}:\n  ${commands(' --admin OBJECT_ID')}`);
  }
}
