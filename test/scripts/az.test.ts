import { chmodSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Az, AzFailure, createAz, quoteForCmd, readAnswer } from '../../scripts/deploy/az.mjs';
import { explain, leavesOf } from '../../scripts/deploy/failures.mjs';
import { refuseUnknown } from './az-arguments';

describe('az', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'anteroom-az-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** The program that this script is, on the path. */
  function program(script: string, interrupt?: AbortSignal): Az {
    writeFileSync(join(folder, 'az'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, 'az'), 0o755);
    const env = { PATH: `${folder}:${process.env['PATH'] ?? ''}` };
    return createAz({ env, platform: 'linux', ...(interrupt && { interrupt }) });
  }

  it('gets arguments and input as they are, and answers with JSON', async () => {
    const az = program(
      `printf '{"args":"%s","input":"' "$*"; cat; printf '","more":"%s"}' "$MORE"`,
    );
    const answer = await az(['a b', "$(id)'"], { input: 'secret', env: { MORE: '1' } });
    expect(answer).toEqual({
      args: "a b $(id)' --only-show-errors --output json",
      input: 'secret',
      more: '1',
    });
  });

  it('tells what it wrote to standard error, never what it printed', async () => {
    const az = program('echo a secret; echo "ERROR: no" >&2; exit 3');
    await expect(az(['x'])).rejects.toEqual(new AzFailure('ERROR: no'));
    await expect(program('exit 3')(['x'])).rejects.toThrow('said nothing (3)');
    await expect(program('echo no JSON')(['x'])).rejects.toThrow('It is not shown here.');
  });

  it('is stopped at its deadline, also where something in the background holds its output', async () => {
    const az = program('sleep 20 & exec sleep 20');
    await expect(az(['x'], { deadlineMs: 300 })).rejects.toMatchObject({ isLate: true });
  });

  it('is stopped by an interrupt, and is not started after one', async () => {
    const stop = new AbortController();
    const az = program('exec sleep 20', stop.signal);
    const running = az(['x']);
    stop.abort(new Error('Ctrl-C'));
    await expect(running).rejects.toThrow('Ctrl-C');
    await expect(az(['x'])).rejects.toThrow('Ctrl-C');
  });

  it('that is not there is told of', async () => {
    const az = createAz({ env: { PATH: folder }, platform: 'linux' });
    await expect(az(['x'])).rejects.toThrow('The Azure CLI (az) is not installed');
  });
});

describe('an answer of az', () => {
  it.each([
    ['{"a":1}', { a: 1 }],
    ['WARNING: a new version\n[Warning] {x}\n{"a":1}', { a: 1 }],
    ['\uFEFFtrue\n', true],
    ['null', undefined],
    ['', undefined],
  ])('is read: %j', (printed, value) => {
    expect(readAnswer(printed)).toEqual(value);
  });
});

describe('what az says on a failure', () => {
  it.each([
    ['{"secretText":"abc', '{"[the rest may hold a secret: not shown]'],
    ['x 8Q~8Q~abcdefghijklmnopqrstuvwxyz012345 y', 'x [not shown] y'],
    ['Bearer eyJ0eXAiOiJKV1Qi.eyJhdWQiOiJodHRwczov.c2lnbmF0dXJl!', 'Bearer [not shown]!'],
    [
      "url 'https://a.example/b.zip?sv=1&sig=x' failed",
      "url 'https://a.example/b.zip?[not shown]' failed",
    ],
    ['\u001b[31mred\u202e', '[31mred'],
    [
      String.raw`{"m":"{\"u\":\"https://a/?sig=x\"}"}`,
      String.raw`{"m":"{\"u\":\"https://a/?[not shown]\"}"}`,
    ],
  ])('is shown without secrets and without what colours a terminal: %j', (said, shown) => {
    expect(new AzFailure(said).message).toBe(shown);
  });
});

describe('an argument for cmd.exe', () => {
  it.each([
    'a b',
    'a&b',
    'a|b<c>d^e',
    "[?a=='b'].c | [0]",
    'C:\\dir\\file',
    'https://a/?x=%20y',
    '',
  ])('is quoted: %s', (text) => {
    expect(quoteForCmd(text)).toBe(`"${text}"`);
  });

  it.each(['a"b', 'name=a%PATH%b', 'a!b!', 'a\nb', 'a\0b', 'C:\\dir\\'])(
    'is refused: %j',
    (text) => {
      expect(() => quoteForCmd(text)).toThrow('cannot be passed to az on Windows');
    },
  );
});

/** As Resource Manager nests it: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/find-error-code */
function nested(code: string, message: string): string {
  const leaf = { code: 'Conflict', message: JSON.stringify({ error: { code, message } }) };
  const failed = { code: 'ResourceDeploymentFailure', message: 'Failed.', details: [leaf, leaf] };
  const error = { code: 'DeploymentFailed', message: 'At least one failed.', details: [failed] };
  return `ERROR: ${JSON.stringify({ status: 'Failed', error })}`;
}

it('every command of az that is printed or documented is one that az takes', () => {
  const files = 'infra/README.md infra/main.bicep infra/entra-app/*.mjs scripts/deploy/*';
  const texts = globSync(files.split(' ')).map((path) => readFileSync(path, 'utf8'));
  // A word or two that is no option ends what is looked at: sentences go on after commands.
  const form =
    /(?<=[`'"\n:] *|\\n *)az ((?:[a-z][a-z-]+ ?)+)((?: ?--[a-z-]+(?: (?!--)[^\s`'",]+)?)*)/g;
  const found = texts.flatMap((text) => [...text.matchAll(form)]);
  const commands = found
    .map(([, name = '', rest = '']) => [
      ...name.trim().split(' '),
      ...(rest.match(/--[a-z-]+/g) ?? []),
    ])
    // As in "az said nothing".
    .filter((words) =>
      /^(account|ad|bicep|cloud|deployment|functionapp|group|keyvault|login|provider|resource|rest|storage)$/.test(
        words[0] ?? '',
      ),
    );
  expect(commands.length).toBeGreaterThan(30);
  for (const words of commands) refuseUnknown(words);
});

describe('a failure of a deployment', () => {
  it('is told by its leaf, once, without what Azure wraps around it', () => {
    const said = nested('RequestDisallowedByPolicy', "Disallowed by policy 'tags'.");
    expect(leavesOf(said)).toBe("RequestDisallowedByPolicy: Disallowed by policy 'tags'.");
    const checked = `(InvalidTemplateDeployment) The template deployment failed.
Code: InvalidTemplateDeployment
Message: The template deployment failed.
Exception Details:\t(SubscriptionIsOverQuotaForSku) Your quota is 0.
\tCode: SubscriptionIsOverQuotaForSku
\tMessage: Your quota is 0.`;
    expect(leavesOf(checked)).toBe('SubscriptionIsOverQuotaForSku: Your quota is 0.');
    expect(leavesOf(' {broken ')).toBe('{broken');
    expect(leavesOf('{"error":{}}')).toBe('{"error":{}}');
  });

  const taken = 'Another object with the same value for property uniqueName already exists.';
  const soft = 'A vault with the same name already exists in deleted state.';
  const noRecord = 'A CNAME record pointing from app.contoso.com to x was not found.';
  it.each([
    ["AADSTS700082: The refresh token has expired. Please run 'az login'", 'az login'],
    [nested('Request_BadRequest', taken), 'Deleted applications'],
    [nested('CannotDeleteOrUpdateEnabledEntitlement', 'x'), 'infra/exposed-scopes.json'],
    [nested('Request_BadRequest', 'It contains duplicate value.'), 'in other letters'],
    [nested('Authorization_RequestDenied', 'Insufficient privileges'), 'deployEntraApp=false'],
    [nested('RequestDisallowedByPolicy', 'x'), 'exemption'],
    [nested('MissingSubscriptionRegistration', 'x'), 'az provider register'],
    [nested('RoleAssignmentUpdateNotPermitted', 'x'), 'Identity not found'],
    [nested('RoleAssignmentExists', 'The role assignment already exists.'), 'made by hand'],
    [nested('HostNameNotOnVerifiedDomain', 'x'), 'appIdUri'],
    [nested('Request_BadRequest', taken.replace('uniqueName', 'identifierUris')), 'appIdUri'],
    [nested('ConflictError', soft), 'az keyvault recover'],
    [nested('SubscriptionIsOverQuotaForSku', 'x'), 'list-flexconsumption-locations'],
    [nested('LocationNotAvailableForResourceType', 'x'), 'list-flexconsumption-locations'],
    [nested('BadRequest', noRecord), 'DNS'],
    ['(DeploymentActive) The deployment anteroom is still active.', 'az deployment group cancel'],
    ['(AuthorizationFailed) The client x does not have authorization', 'Contributor'],
    ['main.bicep(3,1) : Error BCP057: The name "x" does not exist', 'az bicep upgrade'],
    ['something else', 'The cause is not known.'],
  ])('says what to do: %s', (said, remedy) => {
    const known = explain(said);
    expect(`${known.message} ${known.remedy}`).toContain(remedy);
    expect(known.passes).toBeUndefined();
  });

  it.each([
    nested('Request_ResourceNotFound', 'x'),
    nested('BadRequest', '[StorageAccessibleCheck] 403'),
    nested('TooManyRequests', 'x'),
    'An error occured during deployment. Status Code: 503, Details: x',
    'HTTPSConnectionPool: Max retries exceeded with url',
  ])('passes by itself: %s', (said) => {
    expect(explain(said).passes).toBe(true);
  });
});
