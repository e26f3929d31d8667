import type { EntraAppCheckout } from './entra-app-checkout';
import { createEntraAppCheckout, inAzure } from './entra-app-checkout';

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
