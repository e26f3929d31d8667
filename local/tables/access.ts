import { createHmac } from 'node:crypto';
import type { JWK } from 'jose';
import { createLocalJWKSet, jwtVerify } from 'jose';
import type { LiveAnswer } from './live-answer';
import { liveError, liveXmlError } from './live-answer';
import type { TablesRequest } from './tables-request';

/** Whose bearer tokens open the tables. */
export interface AccessRules {
  readonly tenantId: string;
  /** Public keys of the tokens. */
  readonly keys: readonly JWK[];
  /** The emulator's account, which signs what Azurite is asked: it knows no tokens. */
  readonly account: { readonly name: string; readonly key: string };
}

const audiences = ['https://storage.azure.com', 'https://storage.azure.com/'];

type Judgement = { readonly headers: TablesRequest['headers'] } | { readonly refused: LiveAnswer };

/** Lets a request through with the headers that Azurite wants, or refuses it as Table Storage does. */
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

/** Unquoted, and with a space between: a form of its own, which only Azure Storage has. */
function challenge(answer: LiveAnswer, rules: AccessRules | undefined): LiveAnswer {
  const tenant = rules?.tenantId ?? 'common';
  const header = `Bearer authorization_uri=https://login.microsoftonline.com/${tenant}/oauth2/authorize resource_id=https://storage.azure.com`;
  return { ...answer, headers: { ...answer.headers, 'www-authenticate': header } };
}

/** SharedKeyLite of the table service: the date and the resource. Microsoft Learn, "Authorize with Shared Key". */
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
