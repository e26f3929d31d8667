import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { type KeyVaultStandIn, startKeyVaultStandIn } from '../support/key-vault-stand-in';

const tenantId = '5c3f9f0e-1df5-4b2e-9d55-2f6a3cf0a001';
let vault: KeyVaultStandIn;
let tokenFor: (audience: string) => Promise<string>;

beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const tokenKeys = [{ ...(await exportJWK(publicKey)), alg: 'RS256' }];
  vault = await startKeyVaultStandIn({ tokenKeys, tenantId });
  tokenFor = (audience) =>
    new SignJWT({})
      .setProtectedHeader({ alg: 'RS256' })
      .setAudience(audience)
      .setExpirationTime('1h')
      .sign(privateKey);
});
afterAll(() => vault.stop());
afterEach(() => {
  vault.misbehave(undefined);
});

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: {
    readonly kid?: string;
    readonly value?: string;
    readonly error?: {
      readonly code: string;
      readonly message: string;
      readonly innererror?: unknown;
    };
  };
}

async function ask(path: string, value: string, authorization?: string): Promise<Answer> {
  const response = await fetch(`${new URL(vault.keyId).origin}/keys/${path}?api-version=7.4`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Authorization: authorization ?? `Bearer ${await tokenFor('https://vault.azure.net')}`,
    },
    body: JSON.stringify({ alg: 'RSA-OAEP-256', value }),
  });
  const body = (await response.json()) as Answer['body'];
  return { status: response.status, headers: response.headers, body };
}

const secret = Buffer.alloc(32, 7).toString('base64url');

async function wrapped(): Promise<{ version: string; value: string }> {
  const { body } = await ask('ring/wrapkey', secret);
  return { version: body.kid?.split('/').at(-1) ?? '', value: body.value ?? '' };
}

it('answers with the versioned id, whatever the case of the name', async () => {
  const { status, body } = await ask('RING/wrapkey', secret);
  expect(status).toBe(200);
  expect(body.kid).toMatch(new RegExp(`^${vault.keyId}/[0-9a-f]{32}$`));
  expect(body.value).toMatch(/^[\w-]+$/);
});

it('a disabled version wraps, but does not unwrap', async () => {
  const { version, value } = await wrapped();
  vault.disable(version);
  expect((await ask('ring/wrapkey', secret)).status).toBe(200);
  const { status, body } = await ask(`ring/${version}/unwrapkey`, value);
  expect(status).toBe(403);
  expect(body.error).toMatchObject({ code: 'Forbidden', innererror: { code: 'KeyDisabled' } });
  vault.rotate();
});

it('an expired version unwraps, but does not wrap', async () => {
  const { version, value } = await wrapped();
  vault.expire(version);
  const { status, body } = await ask('ring/wrapkey', secret);
  expect(status).toBe(403);
  expect(body.error).toMatchObject({ code: 'Forbidden', innererror: { code: 'KeyExpired' } });
  expect((await ask(`ring/${version}/unwrapkey`, value)).body.value).toBe(secret);
  vault.rotate();
});

it('says in words what is wrong with what it cannot unwrap, and which key is missing', async () => {
  const { version, value } = await wrapped();
  const odd = `${value.slice(0, -4)}AAAA`;
  expect((await ask(`ring/${version}/unwrapkey`, odd)).body.error).toEqual({
    ...{ code: 'BadParameter', message: 'Error occurred while decoding OAEP padding.' },
  });
  const { status, body } = await ask('other/wrapkey', secret);
  expect(status).toBe(404);
  expect(body.error?.code).toBe('KeyNotFound');
  expect(body.error?.message).toContain('(name/id) other was not found');
});

it.each([
  ['none', () => Promise.resolve(''), 'AKV10000: '],
  ['one for storage', () => tokenFor('https://storage.azure.com'), 'AKV10022: '],
  ['nonsense', () => Promise.resolve('x.y.z'), 'AKV10032: '],
])('challenges who comes with a token: %s', async (_, token, message) => {
  const { status, headers, body } = await ask('ring/wrapkey', secret, `Bearer ${await token()}`);
  expect(status).toBe(401);
  expect(headers.get('www-authenticate')).toBe(
    `Bearer authorization="https://login.windows.net/${tenantId}", resource="https://vault.azure.net"`,
  );
  expect(body.error?.code).toBe('Unauthorized');
  expect(body.error?.message).toContain(message);
});

it('throttles without Retry-After', async () => {
  vault.misbehave({ status: 429 });
  const { status, headers, body } = await ask('ring/wrapkey', secret);
  expect([status, headers.get('retry-after')]).toEqual([429, null]);
  expect(body.error?.code).toBe('Throttled');
  expect(body.error?.message).toContain('VaultRequestTypeLimitReached');
});

it.each(['ForbiddenByRbac', 'ForbiddenByFirewall'] as const)('forbids by %s', async (inner) => {
  vault.misbehave({ status: 403, inner });
  const { body } = await ask('ring/wrapkey', secret);
  expect(body.error).toMatchObject({ code: 'Forbidden', innererror: { code: inner } });
});
