import { createEntraAppCheckout, type EntraAppCheckout, inAzure } from './entra-app-checkout';
import type { Application } from './fake-graph-az';

const unknown = 'c11e0000-0000-4000-8000-0000000a99a9';

describe('entra-app.sh --delete', () => {
  let checkout: EntraAppCheckout;

  beforeEach(() => {
    checkout = createEntraAppCheckout();
  });

  afterEach(() => {
    checkout.remove();
  });

  const appId = (): string => checkout.az.tenant().applications[0]?.appId ?? 'none';

  it('deletes by id, for good, so that the name is free again', () => {
    checkout.run(...inAzure);
    const id = appId();
    const { code, stdout, stderr } = checkout.run('--delete', id);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`Deleting Anteroom (${id})\nDeleted for good.\nNext: `);
    expect(checkout.az.tenant()).toMatchObject({ applications: [], deleted: [] });
    expect(checkout.run(...inAzure).code).toBe(0);
  });

  it('waits until the deleted one can be removed for good', () => {
    checkout.run(...inAzure);
    checkout.az.change({ faults: [late('DELETE directory/deletedItems', 3)] });
    expect(checkout.run('--delete', appId()).code).toBe(0);
    expect(checkout.az.tenant().deleted).toEqual([]);
  });

  it('finishes a deletion that somebody began by hand', () => {
    checkout.run(...inAzure);
    const { applications } = checkout.az.tenant();
    checkout.az.change({ applications: [], deleted: applications });
    expect(checkout.run('--delete', applications[0]?.appId ?? 'none').code).toBe(0);
    expect(checkout.az.tenant().deleted).toEqual([]);
  });

  it('says so when there is nothing to delete', () => {
    const { code, stderr } = checkout.run('--delete', unknown);
    expect(code).toBe(1);
    expect(stderr).toContain(
      `there is no registration ${unknown} in this tenant, nor a deleted one`,
    );
  });

  it.each(['GET applications', 'GET directory/deletedItems'])(
    'does not take a refusal of %s for absence',
    (on) => {
      checkout.az.change({
        faults: [{ on, status: 403, code: 'Authorization_RequestDenied', message: 'No.' }],
      });
      const { code, stderr } = checkout.run('--delete', unknown);
      expect(code).toBe(1);
      expect(stderr).not.toContain('there is no registration');
      expect(stderr).toContain('The Azure CLI said: Forbidden: No. (Authorization_RequestDenied)');
    },
  );

  it('says who can finish it where an owner may not', () => {
    checkout.run(...inAzure);
    const on = 'DELETE directory/deletedItems';
    const message = 'Insufficient privileges to complete the operation.';
    checkout.az.change({
      faults: [{ on, status: 403, code: 'Authorization_RequestDenied', message }],
    });
    const { code, stdout, stderr } = checkout.run('--delete', appId());
    expect(code).toBe(1);
    expect(stdout).not.toContain('Deleted for good');
    expect(stderr).toContain('It is deleted: nobody can sign in with it');
    expect(stderr).toContain('Cloud Application Administrator');
    expect(stderr).toContain(message);
    // Waiting gives nobody a role.
    const tries = checkout.az.writes().filter((line) => line.startsWith(on));
    expect(tries).toHaveLength(1);
  });

  describe('refuses what may be of somebody else', () => {
    const payroll: Application = {
      id: '0b7ec700-0000-4000-8000-0000000a99a9',
      appId: unknown,
      displayName: "Payroll's $(id)",
      uniqueName: null,
      createdDateTime: '2020-02-02T00:00:00Z',
      web: { redirectUris: ['https://payroll.contoso.com/cb'] },
      passwordCredentials: [],
      federatedIdentityCredentials: [],
    };
    const own = ['https://a.example/auth/redirect', 'http://localhost:7071/auth/signed-out'];
    const confirmed = ['--delete', unknown, '--name', "Payroll's $(id)"];

    it.each<[string, object]>([
      ['another app', {}],
      ['another app with our paths', { web: { redirectUris: own } }],
      ['another app without any', { web: null }],
      ['one that was taken over', { uniqueName: 'anteroom-prod-x1' }],
      [
        'one with such an URI among ours',
        { uniqueName: 'anteroom-a', web: { redirectUris: [...own, 'https://b.example/'] } },
      ],
      [
        'a path that only ends like ours',
        { uniqueName: 'anteroom-a', web: { redirectUris: ['https://b.example/x/auth/redirect'] } },
      ],
      [
        'a page of another app',
        { uniqueName: 'anteroom-a', web: {}, spa: { redirectUris: ['https://b.example'] } },
      ],
      [
        'a program of another app',
        { uniqueName: 'anteroom-a', publicClient: { redirectUris: ['urn:b'] }, web: {} },
      ],
    ])('%s, deleted already or not, until its name confirms it', (_case, changes) => {
      const theirs = { ...payroll, ...changes };
      for (const state of [{ applications: [theirs] }, { applications: [], deleted: [theirs] }]) {
        checkout.az.change({ deleted: [], ...state });
        for (const options of [confirmed.slice(0, 2), [...confirmed.slice(0, 3), 'payroll']]) {
          const { code, stderr } = checkout.run(...options);
          expect(code).toBe(1);
          expect(stderr).toContain('so it is not deleted. It is:');
          expect(stderr).toContain("  name           Payroll's $(id)\n");
          expect(stderr).toContain('  made           2020-02-02T00:00:00Z\n');
          expect(stderr).toContain(
            `entra-app.sh --delete ${unknown} --name 'Payroll'\\''s $(id)'\n`,
          );
        }
        expect(checkout.az.writes()).toEqual([]);
        expect(checkout.az.tenant()).toMatchObject(state);
      }
      expect(checkout.run(...confirmed)).toMatchObject({ code: 0, stderr: '' });
      expect(checkout.az.tenant()).toMatchObject({ applications: [], deleted: [] });
    });

    it('and shows its redirect URIs without what would colour a terminal', () => {
      checkout.az.change({ applications: [{ ...payroll, displayName: 'A\u001b[31m' }] });
      const { stderr } = checkout.run('--delete', unknown);
      expect(stderr).toContain('  redirect URIs  https://payroll.contoso.com/cb\n');
      expect(stderr).toContain('  name           A?[31m\n');
    });

    it('but not ours under a name that is told, nor ours at several addresses', () => {
      const ours = { ...payroll, uniqueName: 'anteroom-a', web: { redirectUris: own } };
      checkout.az.change({ applications: [ours] });
      expect(checkout.run('--delete', unknown, '--name', 'Front desk').code).toBe(1);
      expect(checkout.run('--delete', unknown)).toMatchObject({ code: 0, stderr: '' });
    });

    it('but not a deleted one of which Graph tells our redirect URIs only', () => {
      // Left out when the tenant is written down.
      const ours = { ...payroll, uniqueName: undefined, web: { redirectUris: own } };
      checkout.az.change({ deleted: [{ ...ours, web: { redirectUris: [] } }] });
      expect(checkout.run('--delete', unknown).code).toBe(1);
      checkout.az.change({ deleted: [ours] });
      expect(checkout.run('--delete', unknown)).toMatchObject({ code: 0, stderr: '' });
    });
  });

  it('says when local.settings.json still names it', () => {
    checkout.run('--local');
    expect(checkout.run('--delete', appId()).stdout).toContain(
      'local.settings.json still names it',
    );
    checkout.run(...inAzure);
    expect(checkout.run('--delete', appId()).stdout).not.toContain('local.settings.json');
  });
});

function late(on: string, times: number) {
  return {
    on,
    times,
    status: 404,
    code: 'Request_ResourceNotFound',
    message: "Resource 'x' does not exist.",
  } as const;
}
