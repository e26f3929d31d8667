import { spawnSync } from 'node:child_process';
import {
  createEntraAppCheckout,
  type EntraAppCheckout,
  identity,
  inAzure,
} from './entra-app-checkout';
import { createFakeGraphAz, type Fault } from './fake-graph-az';

const grace = '96ace000-0000-4000-8000-00000000a11c';
const waiting =
  'Not every server of Entra ID knows the new objects yet: waiting, a minute at most.';

describe('entra-app.sh', () => {
  let checkout: EntraAppCheckout;

  beforeEach(() => {
    checkout = createEntraAppCheckout();
  });

  afterEach(() => {
    checkout.remove();
  });

  describe('waits for what Entra ID has not heard of yet', () => {
    const notThere = {
      status: 404,
      code: 'Request_ResourceNotFound',
      message: "'x' does not exist",
    } as const;
    const noApplication = {
      status: 400,
      code: 'Request_BadRequest',
      message:
        "The appId 'x' of the service principal does not reference a valid application object.",
    } as const;
    const noRole = {
      status: 400,
      code: 'Request_BadRequest',
      message: "Permission being assigned was not found on application 'x'",
    } as const;

    const notValid = {
      status: 400,
      code: 'Request_BadRequest',
      message: 'Not a valid reference update.',
    } as const;

    it('wherever that may show, and says so once', () => {
      const faults = (
        [
          ['PATCH servicePrincipals', notThere],
          ['PATCH servicePrincipals', noApplication],
          ['GET applications/', notThere],
          ['PATCH applications/', notThere],
          ['GET servicePrincipals/', notThere],
          ['POST servicePrincipals', noRole],
          ['POST servicePrincipals', notValid],
          ['POST oauth2PermissionGrants', notThere],
        ] as const
      ).map(([on, answer]) => ({ ...answer, on, times: 2 }));
      checkout.az.change({ faults });
      const { code, stdout, stderr } = checkout.run(...inAzure, '--admin', grace, '--consent');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout.split(waiting)).toHaveLength(2);
      expect(checkout.az.tenant().faults.map(({ times }) => times)).toEqual([
        0, 0, 0, 0, 0, 0, 0, 0,
      ]);
    });

    it('at the secret', () => {
      checkout.az.change({
        faults: [{ ...notThere, on: 'POST applications', times: 3 }],
      });
      expect(checkout.run('--local').stderr).toBe('');
      expect(checkout.values()['ENTRA_CLIENT_SECRET']).toBe('s01~secret');
    });

    it('for a minute, then says what to do', () => {
      checkout.az.change({
        faults: [{ ...noApplication, on: 'PATCH servicePrincipals' }],
      });
      const { code, stderr } = checkout.run(...inAzure);
      expect(code).toBe(1);
      expect(stderr).toContain('could not make the service principal');
      expect(stderr).toContain('run this again');
      expect(checkout.az.writes().filter((line) => line.startsWith('PATCH service'))).toHaveLength(
        12,
      );
    });

    it('but not for an administrator who does not exist', () => {
      const message = `Resource '${grace}' does not exist`;
      const on = 'POST servicePrincipals';
      checkout.az.change({ faults: [{ ...notThere, on, message }] });
      const { code, stderr } = checkout.run(...inAzure, '--admin', grace);
      expect(code).toBe(1);
      expect(stderr).toContain(`could not give the app role admin to ${grace}`);
      expect(stderr).toContain('an id is wrong');
      expect(checkout.az.writes().filter((line) => line.startsWith(on))).toHaveLength(1);
    });
  });

  describe('ends with what az said and what to do', () => {
    it.each<[string, Fault, string]>([
      [
        'a missing role',
        {
          on: 'PATCH applications',
          status: 403,
          code: 'Authorization_RequestDenied',
          message: 'No.',
        },
        'It takes the Entra role Application Developer',
      ],
      [
        'an expired sign-in',
        { on: 'GET applications', said: 'ERROR: AADSTS700082: The refresh token has expired.' },
        'Sign in again',
      ],
      [
        'no network',
        {
          on: 'GET applications',
          said: "ERROR: HTTPSConnectionPool(host='x'): Max retries exceeded",
        },
        'Look at the network',
      ],
      [
        'a gateway that knows nothing',
        { on: 'GET applications', said: 'ERROR: Not Found(<html>404</html>)' },
        'run this again',
      ],
      [
        'an address that Graph does not know',
        {
          on: 'GET applications',
          status: 404,
          code: 'Request_ResourceNotFound',
          message: "Resource not found for the segment 'applications'.",
        },
        'run this again',
      ],
      [
        'a deleted registration that holds the name',
        {
          on: 'PATCH applications',
          status: 400,
          code: 'Request_BadRequest',
          message: 'Another object with the same value for property uniqueName already exists.',
        },
        'entra-app.sh --delete APP_ID',
      ],
      [
        'nobody signed in',
        { on: 'account show', said: "ERROR: Please run 'az login' to setup account." },
        'Sign in again',
      ],
    ])('at %s', (_case, fault, advice) => {
      checkout.az.change({ faults: [fault] });
      const { code, stderr } = checkout.run(...inAzure);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^entra-app\.sh: could not /);
      expect(stderr).toContain(`The Azure CLI said: ${fault.said ?? ''}`);
      expect(stderr).toContain(fault.message ?? '');
      expect(stderr).toContain(advice);
      expect(stderr).not.toContain('    at ');
      expect(checkout.az.tenant().applications).toEqual([]);
    });
  });
});

describe('the stand-in for Microsoft Graph', () => {
  it.each([
    "PATCH applications(uniqueName='a')/federatedIdentityCredentials(name='appIdentity')",
    "DELETE applications(uniqueName='a')",
    'GET directory/deletedItems',
    `GET applications(appId='${identity}')/appRoles`,
  ])('refuses %s, which is documented nowhere', (request) => {
    const az = createFakeGraphAz();
    const [method = '', path = ''] = request.split(' ');
    const { status, stderr } = spawnSync(
      'az',
      [
        ...['rest', '--method', method, '--url', `https://graph.microsoft.com/v1.0/${path}`],
        ...['--only-show-errors', '--output', 'json'],
      ],
      { env: { ...process.env, PATH: az.path }, encoding: 'utf8' },
    );
    az.remove();
    expect(status).toBe(1);
    expect(stderr).toContain('no such form in the documentation');
  });
});
