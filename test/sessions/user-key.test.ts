import { createHash } from 'node:crypto';
import { userKeyOf } from '../../src/sessions/user-key';

describe('userKeyOf', () => {
  it('is the SHA-256 of issuer and oid as JSON, base64url', () => {
    const expected = createHash('sha256').update('["https://i","o"]').digest('base64url');

    expect(userKeyOf('https://i', 'o', 's')).toBe(expected);
    expect(expected).toMatch(/^[\w-]{43}$/);
  });

  it('takes the subject without an oid', () => {
    expect(userKeyOf('https://i', undefined, 's')).toBe(userKeyOf('https://i', 's', 'ignored'));
  });

  it('keeps people of different issuers apart, however the texts are split', () => {
    expect(userKeyOf('https://i', 'o', 's')).not.toBe(userKeyOf('https://j', 'o', 's'));
    expect(userKeyOf('https://i","o', 'x', 's')).not.toBe(userKeyOf('https://i', 'o","x', 's'));
  });
});
