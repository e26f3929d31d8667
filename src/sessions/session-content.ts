import { isObject } from '../is-object';
import type { Session } from './session';

type Times = 'createdAt' | 'idleExpiresAt' | 'expiresAt';

/** What the encrypted `data` of a session's row holds; the partition tells the user key. */
export function sessionContent(session: Omit<Session, Times>, device: string): object {
  const { user, sid, loginHint, steppedUpAt, stepUps, verifiedAt } = session;
  const { issuer, subject, objectId, tenantId, name, username, roles } = user;
  return {
    user: { issuer, subject, objectId, tenantId, name, username, roles },
    sid,
    loginHint,
    steppedUpAt,
    stepUps,
    verifiedAt,
    device,
  };
}

/** What {@link sessionContent} made, or `undefined`. */
export function parseSessionContent(
  content: unknown,
  userKey: string,
): { session: Omit<Session, Times>; device: string } | undefined {
  if (!isObject(content) || !isObject(content['user'])) return undefined;
  const { sid, loginHint, steppedUpAt, stepUps, verifiedAt, device } = content;
  const { issuer, subject, objectId, tenantId, name, username, roles } = content['user'];
  if (!isText(issuer) || !isText(subject) || !isText(name) || !isText(username)) return undefined;
  if (!isOptionalText(objectId) || !isOptionalText(tenantId)) return undefined;
  if (!isTexts(roles)) return undefined;
  if (!isOptionalText(sid) || !isOptionalText(loginHint)) return undefined;
  if (steppedUpAt !== undefined && typeof steppedUpAt !== 'number') return undefined;
  if (stepUps !== undefined && !isTexts(stepUps)) return undefined;
  if (typeof verifiedAt !== 'number' || !isText(device)) return undefined;
  const user = { userKey, issuer, subject, objectId, tenantId, name, username, roles };
  return { session: { user, sid, loginHint, steppedUpAt, stepUps, verifiedAt }, device };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText);
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || isText(value);
}
