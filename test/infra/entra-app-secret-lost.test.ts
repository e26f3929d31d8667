import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEntraAppCheckout, type EntraAppCheckout, inAzure } from './entra-app-checkout';

const on = 'POST applications/';

describe('when the answer with the new secret cannot be read, entra-app.sh --local', () => {
  let checkout: EntraAppCheckout;

  beforeEach(() => {
    checkout = createEntraAppCheckout();
  });

  afterEach(() => {
    checkout.remove();
  });

  const secrets = () => checkout.az.tenant().applications[0]?.passwordCredentials;

  it.each([
    ['text before it', { prints: 'W: ANSWER' }],
    ['text after it', { prints: 'ANSWER trailing' }],
    ['text on a line after it', { prints: 'ANSWER\nbye' }],
    ['a list', { prints: '[ANSWER]' }],
    ['a text', { prints: '"s01~secret"' }],
    ['nothing', { prints: '' }],
    ['null', { prints: 'null' }],
    ['a page of a proxy', { prints: '<html>s01~secret</html>' }],
    ['no secret in it', { prints: '{"keyId":"1","endDateTime":"2030-01-01"}' }],
    ['a failure of az that quotes it', { blurts: 'ERROR: cannot show ANSWER' }],
    ['a failure that quotes it with other quotes', { blurts: "{'secretText': 's01~secret'}" }],
    ['a failure that quotes it as a table', { blurts: 'SecretText\n-----\ns01~secret' }],
    ['a failure without a word', { blurts: '' }],
  ])('shows nothing of it and removes the secret again: %s', (_case, answer) => {
    checkout.az.change({ faults: [{ on, times: 1, ...answer }] });
    const { code, stdout, stderr } = checkout.run('--local');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^entra-app\.sh: could not make a secret/);
    expect(stderr).toContain('it is removed again');
    expect(stdout + stderr).not.toMatch(/s01~| {4}at |\.mjs/);
    expect(secrets()).toEqual([]);
    expect(checkout.run('--local').code).toBe(0);
    expect(secrets()).toHaveLength(1);
  });

  it('cuts what has the form of a secret, whatever it is called', () => {
    const blurts = `ERROR: b'abc8Q~${'x'.repeat(34)}' is no answer`;
    checkout.az.change({ faults: [{ on, times: 1, blurts }] });
    const { stderr } = checkout.run('--local');
    expect(stderr).toContain("ERROR: b'[not shown]' is no answer");
  });

  it('says which one to remove where it cannot', () => {
    const denied = { status: 403, code: 'Authorization_RequestDenied', message: 'No.' } as const;
    checkout.az.change({
      faults: [
        { on, times: 1, prints: 'W: ANSWER' },
        { ...denied, on },
      ],
    });
    const { stderr } = checkout.run('--local');
    const [secret] = secrets() ?? [];
    expect(stderr).toContain(
      `az ad app credential delete --id ${checkout.az.tenant().applications[0]?.appId ?? ''} --key-id ${String(secret?.['keyId'])}\n`,
    );
  });

  it('looks again where a server has not heard of it yet', () => {
    const id = '00000001-0000-4000-8000-0000000a99a9';
    checkout.az.change({
      faults: [
        { on, times: 1, prints: 'W: ANSWER' },
        { on: `GET applications/${id}`, times: 2, prints: `{"id":"${id}"}` },
      ],
    });
    expect(checkout.run('--local').stderr).toContain('it is removed again');
    expect(secrets()).toEqual([]);
  });

  it('leaves one alone that another machine made meanwhile', () => {
    const endDateTime = new Date(Date.now() + 89 * 86_400_000).toISOString();
    const rival = { keyId: 'rival', displayName: 'local development', hint: 'abc', endDateTime };
    checkout.az.change({ rival, faults: [{ on, times: 1, prints: 'W: ANSWER' }] });
    expect(checkout.run('--local').stderr).toContain('it is removed again');
    expect(secrets()).toEqual([rival]);
  });

  it('looks for none where Graph refused to make one', () => {
    const denied = { status: 403, code: 'Authorization_RequestDenied', message: 'No.' } as const;
    checkout.az.change({ faults: [{ ...denied, on }] });
    const { stderr } = checkout.run('--local');
    expect(stderr).toContain('Forbidden: No. (Authorization_RequestDenied)');
    expect(stderr).not.toContain('all the same');
  });

  it('leaves the secrets of an earlier run alone', () => {
    checkout.run('--local');
    checkout.az.change({ faults: [{ on, times: 1, prints: 'W: ANSWER' }] });
    expect(checkout.run('--local', '--new-secret').code).toBe(1);
    expect(secrets()).toMatchObject([{ hint: 's01' }]);
    expect(checkout.values()['ENTRA_CLIENT_SECRET']).toBe('s01~secret');
  });

  it.each(['WARNING: a new version\nANSWER', '[Warning] {x}\n{y}\nANSWER', '\uFEFFANSWER'])(
    'takes it after warnings on lines of their own: %j',
    (prints) => {
      checkout.az.change({ faults: [{ on, prints }] });
      expect(checkout.run('--local').stderr).toBe('');
      expect(checkout.values()['ENTRA_CLIENT_SECRET']).toBe('s01~secret');
    },
  );

  it('finishes with the secret when somebody presses Ctrl-C meanwhile', () => {
    checkout.az.change({ faults: [{ on, interrupts: true }] });
    expect(checkout.run('--local').code).toBe(0);
    expect(checkout.values()['ENTRA_CLIENT_SECRET']).toBe('s01~secret');
    expect(secrets()).toHaveLength(1);
  });
});

describe('an answer of another form ends entra-app.sh', () => {
  let checkout: EntraAppCheckout;

  beforeEach(() => {
    checkout = createEntraAppCheckout();
  });

  afterEach(() => {
    checkout.remove();
  });

  it.each<[string, string]>([
    ['account show', ''],
    ['cloud show', '{"graph":5}'],
    ...['', 'null', '<html>proxy</html>', '{}', '{"id":5,"appId":{}}'].map(
      (prints): [string, string] => ['GET applications', prints],
    ),
    ['GET servicePrincipals', ''],
    ['GET servicePrincipals', '{}'],
  ])('at %s: %j is not taken for absence', (read, prints) => {
    checkout.run(...inAzure);
    const { applications, servicePrincipals } = checkout.az.tenant();
    const before = checkout.az.writes();
    checkout.az.change({ faults: [{ on: read, prints }] });
    const { code, stderr } = checkout.run(...inAzure, '--name', 'Other');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^entra-app\.sh: could not /);
    expect(stderr).not.toContain('proxy');
    if (read !== 'GET servicePrincipals') {
      expect(checkout.az.writes()).toEqual(before);
      expect(checkout.az.tenant().applications).toEqual(applications);
    }
    expect(checkout.az.tenant().servicePrincipals).toEqual(servicePrincipals);
  });

  it.each(['{"value":null}', '{"value":[null]}', '{}', 'null'])('at a list: %j', (prints) => {
    checkout.az.change({ faults: [{ on: 'GET applications/', prints }] });
    const { code, stderr } = checkout.run(...inAzure);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^entra-app\.sh: could not read the federated credentials/);
  });

  it('at a list in the registration', () => {
    checkout.run(...inAzure);
    const [application] = checkout.az.tenant().applications;
    if (application === undefined) throw new Error('no registration');
    checkout.az.change({ applications: [{ ...application, web: { redirectUris: 'x' } }] });
    const { code, stderr } = checkout.run(...inAzure);
    expect(code).toBe(1);
    expect(stderr).toContain('web.redirectUris in the answer is no list');
  });

  it('reads the registration after all where making it answers nothing', () => {
    checkout.az.change({ faults: [{ on: 'PATCH applications', prints: '' }] });
    expect(checkout.run(...inAzure)).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('an error that nobody foresaw', () => {
  it('shows its kind and place, and nothing of its message or of the source', () => {
    const checkout = createEntraAppCheckout();
    const file = join(checkout.folder, 'infra/scripts/entra-app/ensure-consent.mjs');
    const source = readFileSync(file, 'utf8');
    const thrown = "throw new TypeError('s01~secret\\n    at b3c.mjs:1:1');";
    writeFileSync(file, source.replace('  const needs', `  ${thrown}\n  const needs`));
    const { code, stderr } = checkout.run(...inAzure, '--consent');
    checkout.remove();
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^entra-app\.sh: this is a fault of the script: TypeError at ensure-consent\.mjs:\d+\. .*\n$/,
    );
    expect(stderr).not.toMatch(/s01~|b3c/);
  });
});
