import { type User, userKeyOf } from '../../src/sessions/session';
import type { NewSession } from '../../src/sessions/session-store';

export const start = 1_800_000_000;
export const limits = { idleSeconds: 3600, lifetimeSeconds: 43_200 };
export const ringSecret = new Uint8Array(32).fill(7);

const chromeOnWindows =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/151.0.0.0 Safari/537.36';

/** A user; another `subject` is another person. */
export function userOf(subject = 'ada'): User {
  const issuer = 'https://login.example/tenant/v2.0';
  return {
    userKey: userKeyOf(issuer, `oid-of-${subject}`, subject),
    issuer,
    subject,
    objectId: `oid-of-${subject}`,
    tenantId: 'tenant-of-everyone',
    name: 'Ada Lovelace',
    username: 'ada@contoso.example',
    roles: ['admin', 'reader'],
  };
}

/** What a finished sign-in hands to the session store. */
export function newSession(overrides: Partial<NewSession> = {}): NewSession {
  return {
    user: userOf(),
    sid: 'sid-of-the-provider',
    loginHint: 'hint-for-logout',
    verifiedAt: start,
    tokenCache: JSON.stringify({ AccessToken: { one: { secret: 'an-access-token-in-clear' } } }),
    userAgent: chromeOnWindows,
    now: start,
    signal: AbortSignal.timeout(600_000),
    ...overrides,
  };
}
