import { isBare, parseCallback } from '../../src/auth/parse-callback';
import { AppError } from '../../src/errors';

const state = `${'s'.repeat(43)}.0`;
const parse = (query: string) => parseCallback(new URLSearchParams(query));
const codeOf = (query: string) => {
  try {
    parse(query);
  } catch (error) {
    return error instanceof AppError ? error.code : 'another error';
  }
  return 'no error';
};

describe('parseCallback', () => {
  it('reads a code, ignoring what it does not know', () => {
    expect(parse(`code=0.AX-y_z&state=${state}&session_state=x&client_info=y&hop=1`)).toEqual({
      kind: 'code',
      state,
      issuer: undefined,
      code: '0.AX-y_z',
    });
  });

  it('reads iss', () => {
    expect(parse(`code=c&state=${state}&iss=https://login.example/v2.0`)).toMatchObject({
      issuer: 'https://login.example/v2.0',
    });
  });

  it('reads an error, of its description only number and correlation id', () => {
    const description = encodeURIComponent(
      "AADSTS50105: The signed in user 'ada@contoso.example' is not assigned. Trace ID: 11111111-2222-4333-8444-555555555555 Correlation ID: AAAAAAAA-bbbb-4ccc-8ddd-eeeeeeeeeeee Timestamp: 2026-11-21 01:02:03Z",
    );
    const callback = parse(`error=access_denied&state=${state}&error_description=${description}`);
    expect(callback).toEqual({
      kind: 'error',
      state,
      issuer: undefined,
      refusal: {
        error: 'access_denied',
        number: 'AADSTS50105',
        correlationId: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee',
        where: 'redirect',
      },
    });
  });

  it.each([
    ['no description', ''],
    ['markup', '<script>alert(1)</script>'],
    ['a number too long', 'AADSTS12345678901'],
    ['a number that is none', 'AADSTS5010x'],
    ['an id too long', 'Correlation ID: aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee-f'],
    ['an id of other characters', 'Correlation ID: aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeeg'],
    ['36 dashes', `Correlation ID: ${'-'.repeat(36)}`],
  ])('takes nothing from a description with %s', (_what, description) => {
    const query = new URLSearchParams({
      error: 'server_error',
      state,
      error_description: description,
    });
    expect(parseCallback(query)).toMatchObject({ refusal: { error: 'server_error' } });
    expect(Object.keys(parseCallback(query)).sort()).toEqual([
      'issuer',
      'kind',
      'refusal',
      'state',
    ]);
    const callback = parseCallback(query);
    expect(callback.kind === 'error' && Object.keys(callback.refusal)).toEqual(['error', 'where']);
  });

  it('reads an answer without state: whose it is, is the caller’s to see', () => {
    expect(parse('code=a')).toMatchObject({ kind: 'code', state: undefined });
    expect(parse('code=a&state=abc')).toMatchObject({ kind: 'code', state: 'abc' });
  });

  it.each(['', 'hop=1'])('takes %j for nothing at all', (query) => {
    expect(parse(query)).toEqual({ kind: 'bare' });
    expect(isBare(new URLSearchParams(query))).toBe(true);
  });

  it.each(['True', 'true'])('reads admin consent: %s', (value) => {
    const query = `admin_consent=${value}&tenant=t&state=12345&scope=User.Read&hop=1`;
    expect(parse(query)).toEqual({ kind: 'admin-consent', refusal: undefined });
    expect(isBare(new URLSearchParams(query))).toBe(false);
  });

  it('reads admin consent that was declined, and a code beside it as a code', () => {
    const declined = 'admin_consent=True&error=access_denied&error_description=AADSTS65004%3a+x';
    expect(parse(declined)).toEqual({
      kind: 'admin-consent',
      refusal: { error: 'access_denied', number: 'AADSTS65004', where: 'redirect' },
    });
    expect(parse(`admin_consent=True&code=c&state=${state}`)).toMatchObject({ kind: 'code' });
  });

  it.each<[string, string, string]>([
    ['a doubled code', 'ERR_BAD_REQUEST', `code=a&code=b&state=${state}`],
    ['a doubled state', 'ERR_BAD_REQUEST', `code=a&state=${state}&state=${state}`],
    ['a doubled error', 'ERR_BAD_REQUEST', `error=a&error=b&state=${state}`],
    ['a doubled unknown parameter', 'ERR_BAD_REQUEST', `code=a&state=${state}&x=1&x=1`],
    ['a doubled iss', 'ERR_BAD_REQUEST', `code=a&state=${state}&iss=a&iss=a`],
    ['code and error', 'ERR_BAD_REQUEST', `code=a&error=b&state=${state}`],
    ['neither code nor error', 'ERR_BAD_REQUEST', `state=${state}`],
    ['an empty code', 'ERR_BAD_REQUEST', `code=&state=${state}`],
    ['a code with spaces', 'ERR_BAD_REQUEST', `code=a%20b&state=${state}`],
    ['a code with a line break', 'ERR_BAD_REQUEST', `code=a%0Ab&state=${state}`],
    ['an oversized code', 'ERR_BAD_REQUEST', `code=${'a'.repeat(8193)}&state=${state}`],
    [
      'an oversized unknown value',
      'ERR_BAD_REQUEST',
      `code=a&state=${state}&x=${'a'.repeat(8193)}`,
    ],
    ['an error that is none', 'ERR_BAD_REQUEST', `error=%3Cb%3E&state=${state}`],
    ['an oversized error', 'ERR_BAD_REQUEST', `error=${'a'.repeat(65)}&state=${state}`],
    [
      'thirty-one parameters',
      'ERR_BAD_REQUEST',
      `code=a&state=${state}${Array.from({ length: 29 }, (_, i) => `&p${i}=1`).join('')}`,
    ],
    ['admin consent twice', 'ERR_BAD_REQUEST', 'admin_consent=True&admin_consent=True'],
    ['admin consent that is neither', 'ERR_BAD_REQUEST', 'admin_consent=False&tenant=x'],
    ['admin consent with an error that is none', 'ERR_BAD_REQUEST', 'admin_consent=True&error=%3C'],
    ['a tenant alone', 'ERR_BAD_REQUEST', 'tenant=x'],
  ])('refuses %s', (_what, code, query) => {
    expect(codeOf(query)).toBe(code);
  });
});
