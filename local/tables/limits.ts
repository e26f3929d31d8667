import { createHmac } from 'node:crypto';
import { createLocalJWKSet, type JWK, jwtVerify } from 'jose';
import { isObject, parseJson } from '../../src/bodies';
import { type LiveAnswer, liveError, liveXmlError, type TablesRequest } from './messages';

const mebibyte = 1024 * 1024;
/** 255, less PartitionKey, RowKey and Timestamp. */
const maxProperties = 252;

/**
 * Azurite itself limits a property (64 KiB), a request (4 MiB) and a transaction (100 operations). It does not limit the
 * size of an inserted row or the number of its properties. Microsoft Learn, "Understanding the Table service data model".
 * @returns the service's refusal. In a transaction it is about the first row that is too large
 */
export function refuseByLimits({ kind, body, headers }: TablesRequest): LiveAnswer | undefined {
  if (kind === 'transaction' || kind === 'activity') {
    return refuseTransaction(body.toString('utf8'), headers['content-type']);
  }
  if (kind !== 'insert' && kind !== 'rewrite') return undefined;
  const fault = faultOf(body.toString('utf8'));
  return fault && liveError(400, fault.code, fault.message);
}

function refuseTransaction(body: string, type = ''): LiveAnswer | undefined {
  // Only rows are JSON, each on a line of its own.
  const rows = body.split('\r\n').filter((line) => line.startsWith('{'));
  const operations = body.split(/HTTP\/1\.1\r\n/).slice(1);
  for (const row of rows) {
    const fault = faultOf(row);
    if (fault === undefined) continue;
    const index = operations.findIndex((operation) => operation.includes(row));
    return failedTransaction(type, fault.code, `${index}:${fault.message}`);
  }
  return undefined;
}

/** A failed transaction is 202 with the failure in the body. */
function failedTransaction(type: string, code: string, message: string): LiveAnswer {
  const error = liveError(400, code, message);
  const boundary = (/boundary=([\w-]+)/.exec(type)?.[1] ?? '').replace('batch', 'batchresponse');
  const lines = [
    `--${boundary}`,
    'Content-Type: multipart/mixed; boundary=changesetresponse_1',
    '',
    '--changesetresponse_1',
    'Content-Type: application/http',
    'Content-Transfer-Encoding: binary',
    '',
    'HTTP/1.1 400 Bad Request',
    'X-Content-Type-Options: nosniff',
    'DataServiceVersion: 3.0;',
    `Content-Type: ${String(error.headers['content-type'])}`,
    '',
    error.body.toString('utf8'),
    '--changesetresponse_1--',
    `--${boundary}--`,
    '',
  ];
  return {
    status: 202,
    headers: { ...error.headers, 'content-type': `multipart/mixed; boundary=${boundary}` },
    body: Buffer.from(lines.join('\r\n')),
  };
}

function faultOf(json: string): { readonly code: string; readonly message: string } | undefined {
  const entity = parseJson(json);
  if (!isObject(entity)) return undefined;
  const { PartitionKey: partitionKey, RowKey: rowKey, ...others } = entity;
  const properties = Object.entries(others).filter(([name]) => !name.includes('odata.'));
  if (properties.length > maxProperties) {
    const message =
      'The entity contains more properties than allowed. Each entity can include up to 252 properties to store data.';
    return { code: 'TooManyProperties', message };
  }
  let bytes = 4 + textBytes(partitionKey) + textBytes(rowKey);
  for (const [name, value] of properties) {
    bytes += 8 + textBytes(name) + valueBytes(value, entity[`${name}@odata.type`]);
  }
  if (bytes <= mebibyte) return undefined;
  return {
    code: 'EntityTooLarge',
    message: 'The entity is larger than the maximum allowed size (1MB).',
  };
}

/** Texts are counted in UTF-16. This does not ask the app's own code, whose mistakes it is to find. */
function textBytes(text: unknown): number {
  return typeof text === 'string' ? 2 * text.length : 0;
}

function valueBytes(value: unknown, type: unknown): number {
  if (typeof value === 'boolean') return 1;
  if (typeof value !== 'string') return 8;
  if (type === 'Edm.Binary') return 4 + Buffer.byteLength(value, 'base64');
  return type === undefined || type === 'Edm.String' ? 4 + textBytes(value) : 8;
}

/** Which bearer tokens are accepted. */
export interface AccessRules {
  readonly tenantId: string;
  /** Public keys of the tokens. */
  readonly keys: readonly JWK[];
  /** The emulator's account. Azurite knows no tokens, so requests to it are signed with this key. */
  readonly account: { readonly name: string; readonly key: string };
}

const audiences = ['https://storage.azure.com', 'https://storage.azure.com/'];

type Judgement = { readonly headers: TablesRequest['headers'] } | { readonly refused: LiveAnswer };

/** Gives the headers that Azurite needs, or refuses a request as Table Storage does. */
export function createAccess(
  rules: AccessRules | undefined,
): (asked: TablesRequest) => Promise<Judgement> {
  return async (asked) => {
    const { authorization } = asked.headers;
    if (authorization === undefined) {
      const message =
        'Server failed to authenticate the request. Please refer to the information in the www-authenticate header.';
      return { refused: challenge(liveError(401, 'NoAuthenticationInformation', message), rules) };
    }
    const token = /^bearer (\S+)$/i.exec(authorization)?.[1];
    if (token === undefined) return { headers: asked.headers };
    if (rules !== undefined && (await isGood(token, rules))) {
      return { headers: signed(asked, rules.account) };
    }
    const message =
      'Server failed to authenticate the request. Please refer to the information in the www-authenticate header.';
    return { refused: challenge(liveXmlError(401, 'InvalidAuthenticationInfo', message), rules) };
  };
}

async function isGood(token: string, { tenantId, keys }: AccessRules): Promise<boolean> {
  try {
    await jwtVerify(token, createLocalJWKSet({ keys: [...keys] }), {
      // Tokens for storage are of version 1.0.
      issuer: `https://sts.windows.net/${tenantId}/`,
      audience: audiences,
      algorithms: ['RS256'],
      requiredClaims: ['exp', 'oid'],
    });
    return true;
  } catch {
    return false;
  }
}

/** Only Azure Storage writes a challenge like this: without quotes, and with a space between the members. */
function challenge(answer: LiveAnswer, rules: AccessRules | undefined): LiveAnswer {
  const tenant = rules?.tenantId ?? 'common';
  const header = `Bearer authorization_uri=https://login.microsoftonline.com/${tenant}/oauth2/authorize resource_id=https://storage.azure.com`;
  return { ...answer, headers: { ...answer.headers, 'www-authenticate': header } };
}

/** SharedKeyLite of the table service signs the date and the resource. Microsoft Learn, "Authorize with Shared Key". */
function signed(
  { headers, path }: TablesRequest,
  { name, key }: AccessRules['account'],
): TablesRequest['headers'] {
  const date = new Date().toUTCString();
  const resource = path.split('?', 1)[0] ?? '';
  const signature = createHmac('sha256', Buffer.from(key, 'base64'))
    .update(`${date}\n/${name}${resource}`)
    .digest('base64');
  return { ...headers, 'x-ms-date': date, authorization: `SharedKeyLite ${name}:${signature}` };
}
