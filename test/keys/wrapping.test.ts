import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { AppError } from '../../src/errors';
import { createKeyVaultWrapping, createSecretWrapping } from '../../src/keys/wrapping';
import { noLog, type OutgoingLog } from '../../src/waiting';
import { whileAnswering } from '../support/answering-server';
import { failureOf, longEnough, printed } from '../support/auth-fixture';
import { type KeyVaultStandIn, startKeyVaultStandIn } from '../support/key-vault-stand-in';

let vault: KeyVaultStandIn;
let tokenKeys: JWK[];
let tokenFor: (audience: string) => Promise<string>;

beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  tokenKeys = [{ ...(await exportJWK(publicKey)), alg: 'RS256' }];
  tokenFor = (audience) =>
    new SignJWT({})
      .setProtectedHeader({ alg: 'RS256' })
      .setAudience(audience)
      .setExpirationTime('1h')
      .sign(privateKey);
});
beforeEach(async () => {
  vault = await startKeyVaultStandIn({ tokenKeys });
});
afterEach(() => vault.stop());

const content = Buffer.alloc(65, 'a');
const wrappingOf = (keyId = vault.keyId, audience = 'https://vault.azure.net', log = noLog) =>
  createKeyVaultWrapping({ keyId, token: () => tokenFor(audience), log });

describe('createKeyVaultWrapping', () => {
  it('wraps by the newest version of the key, and unwraps in another instance', async () => {
    const measured: string[] = [];
    const log: OutgoingLog = {
      ...noLog,
      measure: (service, work) => {
        measured.push(service);
        return work();
      },
    };
    const key = await wrappingOf(vault.keyId, undefined, log).wrap(content, longEnough());

    expect(measured).toEqual(['key vault']);
    expect(key.wrapped).toHaveLength(256);
    expect(key.version).toMatch(/^[0-9a-f]{32}$/);
    expect(await wrappingOf().unwrap(key, longEnough())).toEqual(content);
    expect(vault.operations).toEqual(['wrapkey', 'unwrapkey']);
  });

  it('unwraps older keys after a rotation, by the version that wrapped them', async () => {
    const older = await wrappingOf().wrap(content, longEnough());
    const version = vault.rotate();
    const newer = await wrappingOf().wrap(content, longEnough());

    expect(newer.version).toBe(version);
    expect(older.version).not.toBe(version);
    expect(await wrappingOf().unwrap(older, longEnough())).toEqual(content);
    expect(await wrappingOf().unwrap(newer, longEnough())).toEqual(content);
  });

  it.each([
    [
      'changed',
      (wrapped: Uint8Array) => wrapped.map((byte, index) => (index === 9 ? ~byte : byte)),
    ],
    ['cut', (wrapped: Uint8Array) => wrapped.subarray(1)],
    ['empty', () => new Uint8Array()],
  ])('knows what is %s for something that it did not wrap', async (_, change) => {
    const key = await wrappingOf().wrap(content, longEnough());
    const changed = { ...key, wrapped: change(key.wrapped) };

    expect(await wrappingOf().unwrap(changed, longEnough())).toBeUndefined();
  });

  it.each(['', '../../secrets/other', 'a/b', 'v?x=', 'secret.abcdefgh'])(
    'asks nothing for the version %j out of a row',
    async (version) => {
      const key = { wrapped: new Uint8Array(256), version };

      expect(await wrappingOf().unwrap(key, longEnough())).toBeUndefined();
      expect(vault.operations).toEqual([]);
    },
  );

  it.each(['https://storage.azure.com', 'api://AzureADTokenExchange'])(
    'is refused with a token for %s',
    async (audience) => {
      const failure = await failureOf(
        wrappingOf(vault.keyId, audience).wrap(content, longEnough()),
      );

      expect(failure.code).toBe('ERR_KEYS_UNAVAILABLE');
      expect(failure.note).toBe('Key Vault answered 401 Unauthorized');
    },
  );

  it('does not ask the vault without a token', async () => {
    const token = () => Promise.reject(new AppError('ERR_KEYS_UNAVAILABLE', { note: 'no token' }));
    const wrapping = createKeyVaultWrapping({ keyId: vault.keyId, token });

    expect((await failureOf(wrapping.wrap(content, longEnough()))).note).toBe('no token');
    expect(vault.operations).toEqual([]);
  });

  it('fails with the reason when its version of the key is disabled', async () => {
    const key = await wrappingOf().wrap(content, longEnough());
    vault.disable(key.version);
    const failure = await failureOf(wrappingOf().unwrap(key, longEnough()));

    expect(failure.code).toBe('ERR_KEYS_UNAVAILABLE');
    expect(failure.note).toBe('Key Vault answered 403 Forbidden KeyDisabled');
  });

  it('fails when there is no such key', async () => {
    const other = vault.keyId.replace('/ring', '/other');
    const failure = await failureOf(wrappingOf(other).wrap(content, longEnough()));

    expect(failure.note).toBe('Key Vault answered 404 KeyNotFound');
  });

  it.each([429, 500, 502, 503, 504, 408])('tries again after %i', async (status) => {
    vault.misbehave({ status, retryAfter: '0', times: 2 });

    expect(await wrappingOf().wrap(content, longEnough())).toHaveProperty('version');
  });

  it('waits as long as Retry-After says', async () => {
    vault.misbehave({ status: 429, retryAfter: '1', times: 1 });
    const before = performance.now();
    await wrappingOf().wrap(content, longEnough());

    expect(performance.now() - before).toBeGreaterThanOrEqual(990);
  });

  it.each([
    ['busy for good', { status: 503 }],
    ['busy for longer than anybody waits', { status: 429, retryAfter: '600', times: 1 }],
    ['forbidding', { status: 403, times: 1 }],
    ['missing', { status: 404, times: 1 }],
  ])('gives up when the vault is %s', async (_, fault) => {
    vault.misbehave(fault);
    const failure = await failureOf(wrappingOf().wrap(content, longEnough()));

    expect(failure.code).toBe('ERR_KEYS_UNAVAILABLE');
    expect(vault.operations).toEqual([]);
  });

  const date = 'Wed, 21 Oct 2026 07:28:00 GMT';
  it.each([
    ['as seconds', { 'Retry-After': '600' }, 600],
    ['as a date', { Date: date, 'Retry-After': 'Wed, 21 Oct 2026 07:38:00 GMT' }, 600],
    ['as no time at all', { 'Retry-After': '0' }, 1],
    ['nowhere', {}, 10],
  ])('tells how long to wait, which the vault names %s', async (_, headers, expected) => {
    await whileAnswering(
      (request, response) => {
        request.resume();
        response.writeHead(503, headers).end();
      },
      async (port) => {
        const wrapping = wrappingOf(`http://127.0.0.1:${port}/keys/ring`);
        const failure = await failureOf(wrapping.wrap(content, longEnough()));
        expect(failure.retryAfterSeconds).toBe(expected);
      },
    );
  });

  it.each([
    ['hangs', { status: 0 }, 'Key Vault did not answer before the deadline'],
    ['asks to wait', { status: 503, retryAfter: '3' }, 'Key Vault was busy until the deadline'],
  ])('ends with the deadline when the vault %s', async (_, fault, note) => {
    vault.misbehave(fault);
    const failure = await failureOf(wrappingOf().wrap(content, AbortSignal.timeout(200)));

    expect(failure).toMatchObject({ code: 'ERR_KEYS_UNAVAILABLE', note });
  });

  it('takes the name of the key in another case than the setting has', async () => {
    await whileAnswering(
      (request, response) => {
        request.resume();
        const kid = `http://${request.headers.host ?? ''}/keys/ring/0123`;
        response.end(JSON.stringify({ kid, value: 'AAAA' }));
      },
      async (port) => {
        const wrapping = wrappingOf(`http://127.0.0.1:${port}/keys/Ring`);
        expect(await wrapping.wrap(content, longEnough())).toMatchObject({ version: '0123' });
      },
    );
  });

  it.each([
    ['no JSON', 'text'],
    ['no value', JSON.stringify({ kid: 'KEY/0123' })],
    ['no key', JSON.stringify({ value: 'AAAA' })],
    [
      'another key',
      JSON.stringify({ kid: 'https://other.vault.azure.net/keys/ring/01', value: 'AA' }),
    ],
    ['no version', JSON.stringify({ kid: 'KEY', value: 'AAAA' })],
    ['a path for a version', JSON.stringify({ kid: 'KEY/a/b', value: 'AAAA' })],
  ])('takes an answer with %s for none', async (_, text) => {
    await whileAnswering(
      (request, response) => {
        request.resume();
        response.end(text.replace('KEY', `http://${request.headers.host ?? ''}/keys/ring`));
      },
      async (port) => {
        const wrapping = wrappingOf(`http://127.0.0.1:${port}/keys/ring`);
        const failure = await failureOf(wrapping.wrap(content, longEnough()));

        expect(failure.code).toBe('ERR_KEYS_UNAVAILABLE');
      },
    );
  });

  it.each(['<html>', '{"value":"AA', '[]', 'null', '{}', '{"value":7}', '{"value":""}'])(
    'does not take %s for an unwrapped key, nor for a key that is no key of this vault',
    async (text) => {
      await whileAnswering(
        (request, response) => {
          request.resume();
          response.end(text);
        },
        async (port) => {
          const wrapping = wrappingOf(`http://127.0.0.1:${port}/keys/ring`);
          const key = { wrapped: content, version: '0123' };
          const failure = await failureOf(wrapping.unwrap(key, longEnough()));
          expect(failure.code).toBe('ERR_KEYS_UNAVAILABLE');
        },
      );
    },
  );

  it('follows no redirect with the token and the key', async () => {
    const paths: string[] = [];
    await whileAnswering(
      (request, response) => {
        paths.push(request.url ?? '');
        response.writeHead(307, { location: '/elsewhere' }).end();
      },
      async (port) => {
        const wrapping = wrappingOf(`http://127.0.0.1:${port}/keys/ring`);
        const failure = await failureOf(wrapping.wrap(content, longEnough()));

        expect(failure.code).toBe('ERR_KEYS_UNAVAILABLE');
      },
    );
    expect(paths.length).toBeGreaterThan(0);
    expect(paths).not.toContain('/elsewhere');
  });

  it('lets neither token nor key into what it throws', async () => {
    vault.misbehave({ status: 403 });
    const failure = await failureOf(wrappingOf().wrap(content, longEnough()));

    expect(printed(failure)).not.toContain(content.toString('base64url'));
    expect(printed(failure)).not.toContain('eyJ');
  });
});

const secretWrappingOf = (fill: number) => createSecretWrapping(new Uint8Array(32).fill(fill));
const secretContent = Buffer.from('sixty-five bytes or so of a secret together with its place');

describe('createSecretWrapping', () => {
  it('unwraps what it wrapped, in another instance too', async () => {
    const key = await secretWrappingOf(1).wrap(secretContent, longEnough());

    expect(Buffer.from(key.wrapped).includes(secretContent.subarray(0, 8))).toBe(false);
    expect(await secretWrappingOf(1).unwrap(key, longEnough())).toEqual(secretContent);
  });

  it('never wraps alike twice, and names the secret without telling it', async () => {
    const [one, two] = await Promise.all(
      [1, 1].map((fill) => secretWrappingOf(fill).wrap(secretContent, longEnough())),
    );

    expect(one?.wrapped).not.toEqual(two?.wrapped);
    expect(one?.version).toBe(two?.version);
    expect(one?.version).toMatch(/^secret\.[A-Za-z0-9_-]{8}$/);
    expect((await secretWrappingOf(2).wrap(secretContent, longEnough())).version).not.toBe(
      one?.version,
    );
  });

  it('opens nothing that another secret wrapped, or that was changed', async () => {
    const key = await secretWrappingOf(1).wrap(secretContent, longEnough());
    const changed = Uint8Array.from(key.wrapped);
    changed.set([(changed[40] ?? 0) ^ 1], 40);

    expect(await secretWrappingOf(2).unwrap(key, longEnough())).toBeUndefined();
    expect(
      await secretWrappingOf(1).unwrap({ ...key, wrapped: changed }, longEnough()),
    ).toBeUndefined();
  });
});
