import { meaningOf, numbersOf, refusalRows } from '../../src/entra/refusal-table';
import {
  readRedirectRefusal,
  readTokenRefusal,
  redemptionError,
  refreshError,
} from '../../src/entra/refusals';
import { SignInRefusedError, StepUpError } from '../../src/errors';

const correlationId = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee';
const scopes = ['User.Read'];
/** What Entra ID adds to refusals of any kind where a Conditional Access policy was looked at. */
const policyClaims =
  '{"access_token":{"capolids":{"essential":true,"values":["11111111-2222-4333-8444-555555555555"]}}}';

type Body = Record<string, unknown>;

/** An error answer as Entra ID writes it: `error_codes`, and the last number in the description too. */
function entra(error: string, codes: readonly number[], more: Body = {}): Body {
  return {
    error,
    error_description: `AADSTS${codes.at(-1)}: About ada@contoso.example.\r\nTrace ID: 11111111-2222-4333-8444-555555555555\r\nCorrelation ID: ${correlationId}\r\nTimestamp: 2026-11-21 01:02:03Z`,
    error_codes: codes,
    timestamp: '2026-11-21 01:02:03Z',
    trace_id: '11111111-2222-4333-8444-555555555555',
    correlation_id: correlationId,
    ...more,
  };
}

/** An error answer as Azure AD B2C writes it: without `error_codes` and ids of its own. */
function b2c(error: string, digits: number): Body {
  return {
    error,
    error_description: `AADB2C${digits}: Something.\r\nCorrelation ID: ${correlationId}\r\nTimestamp: 2026-11-21 01:02:03Z\r\n`,
  };
}

function answerOf(body: Body) {
  const refused = readTokenRefusal(body);
  if (refused === undefined) throw new Error('the body is no refusal');
  return { kind: 'refused', refused } as const;
}
const redeemed = (body: Body) => redemptionError(new Error(), answerOf(body), scopes);
const refreshed = (body: Body) => refreshError(new Error(), answerOf(body), scopes);

describe('the table of refusals', () => {
  const numbers = refusalRows.flatMap(numbersOf);

  it('has each number once, and more than the thirty that operators meet most', () => {
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers.length).toBeGreaterThan(100);
    expect(meaningOf({ error: 'any', number: 'AADSTS99999' }).kind).toBe('unknown');
  });

  it('blames no secret for a refusal at the redirect: the browser carries none', () => {
    const refusal = { error: 'invalid_client', number: 'AADSTS99999' };
    expect(meaningOf({ ...refusal, where: 'redirect' }).text).toBe('unauthorizedClient');
    expect(meaningOf({ ...refusal, where: 'redemption' }).text).toBe('invalidClient');
    // As Entra ID wrote it to a redirect URI, for a scope that Microsoft Graph does not have.
    const query = new URLSearchParams(
      'error=invalid_client&error_description=AADSTS650053%3A+The+application+%27Notes%27+asked+for+scope+%27Exchange.Manage%27+that+doesn%27t+exist+on+the+resource',
    );
    const read = readRedirectRefusal(query);
    expect(read && meaningOf(read)).toMatchObject({ kind: 'request', text: 'scopes' });
  });

  it.each(refusalRows)('says in whole sentences what $aadsts $b2c means', (row) => {
    expect(row.meaning).toMatch(/^[A-Z].+\.$/);
    expect(row.action).toMatch(/^[A-Z].+\.$/);
    expect(numbersOf(row).length).toBeGreaterThan(0);
  });

  it.each([
    ['AADSTS50011', 'operator'],
    ['AADSTS50105', 'administrator'],
    ['AADSTS65001', 'you'],
    ['AADSTS7000215', 'operator'],
    ['AADSTS7000112', 'administrator'],
    ['AADSTS53003', 'administrator'],
    ['AADSTS530035', 'administrator'],
    ['AADSTS9002327', 'operator'],
    ['AADSTS700025', 'operator'],
    ['AADB2C90118', 'operator'],
    ['AADB2C90091', 'you'],
  ])('knows who must act on %s: %s', (number, actor) => {
    expect(meaningOf({ error: 'nobody_knows', number }).actor).toBe(actor);
  });

  it.each(['access_denied', 'login_required', 'consent_required', 'server_error'])(
    'goes by the error name %s where the number is not known',
    (error) => {
      const meaning = meaningOf({ error, number: 'AADSTS99999' });
      expect(meaning.kind).not.toBe('unknown');
      expect(meaning).toEqual(meaningOf({ error }));
    },
  );

  it.each(['nobody_knows', 'constructor', '__proto__'])('has words for %s too', (error) => {
    expect(meaningOf({ error, suberror: error, number: error }).kind).toBe('unknown');
  });
});

describe('readTokenRefusal', () => {
  it('takes the number, the correlation id and the claims, and nothing that names a user', () => {
    const body = entra('invalid_grant', [50076], {
      suberror: 'basic_action',
      claims: policyClaims,
    });
    expect(readTokenRefusal(body)).toEqual({
      refusal: {
        error: 'invalid_grant',
        suberror: 'basic_action',
        number: 'AADSTS50076',
        correlationId,
      },
      claims: policyClaims,
    });
  });

  it.each<[string, Body, string | undefined]>([
    ['the generic one first', entra('invalid_grant', [70002, 500133]), 'AADSTS500133'],
    ['the generic one last', entra('invalid_grant', [54005, 70000]), 'AADSTS54005'],
    ['a generic one beside an unknown one', entra('invalid_grant', [70000, 99999]), 'AADSTS99999'],
    ['an unknown one last', entra('invalid_grant', [65001, 99999]), 'AADSTS65001'],
    ['a generic one alone', entra('invalid_grant', [70000]), 'AADSTS70000'],
    ['only unknown ones', entra('invalid_grant', [12345, 99999]), 'AADSTS99999'],
    [
      'several in the description alone',
      {
        error: 'invalid_client',
        error_description: 'AADSTS70002: Error. AADSTS7000222: The secret has expired.',
      },
      'AADSTS7000222',
    ],
    ['one of B2C', b2c('invalid_grant', 90080), 'AADB2C90080'],
    ['none', { error: 'invalid_grant', error_description: 'no' }, undefined],
    [
      'a list of other things',
      { error: 'invalid_grant', error_codes: ['1', -1, 1e10, {}] },
      undefined,
    ],
    ['a list of texts', { error: 'invalid_grant', error_codes: ['50076'] }, 'AADSTS50076'],
    ['an error of another spelling', entra('Policy.Error-2', [53003]), 'AADSTS53003'],
    ['a member that is no list', { error: 'invalid_grant', error_codes: 50076 }, undefined],
  ])('finds the number that says most among %s', (_what, body, number) => {
    expect(readTokenRefusal(body)?.refusal.number).toBe(number);
  });

  it.each([
    'Kx9~Qz7.tokens-and-secrets',
    'a'.repeat(32) + '1',
    '0123456789ab',
    // A key or a code may be in capital letters and digits.
    'E2BADC0FFEE4D5E6F708192A3B4C5D6E',
  ])('keeps no name that could be a secret: %s', (secret) => {
    const read = readTokenRefusal({ ...entra('x-1', [53003]), suberror: secret });
    expect(read?.refusal).toEqual({ error: 'unnamed', number: 'AADSTS53003', correlationId });
  });

  it('finds the correlation id in the description where it has no member of its own', () => {
    expect(readTokenRefusal(b2c('invalid_grant', 90080))?.refusal.correlationId).toBe(
      correlationId,
    );
  });

  it.each([undefined, null, 'error', [], {}, { error: 1 }, { error: '<b>' }, { error: '' }])(
    'takes %j for no refusal',
    (body) => {
      expect(readTokenRefusal(body)).toBeUndefined();
    },
  );
});

describe('readRedirectRefusal', () => {
  const read = (members: Record<string, string>) =>
    readRedirectRefusal(new URLSearchParams(members));

  it.each([
    ['Entra ID', 'AADSTS65004', '\r\n'],
    ['Entra ID of today', 'AADSTS65004', ' '],
    ['Azure AD B2C', 'AADB2C90118', '\r\n'],
  ])('reads what %s says', (_who, number, space) => {
    const description = [`${number}: x`, `Correlation ID: ${correlationId}`, 'Timestamp: y'];
    expect(read({ error: 'access_denied', error_description: description.join(space) })).toEqual({
      error: 'access_denied',
      number,
      correlationId,
      where: 'redirect',
    });
  });

  it('tells that somebody cancelled', () => {
    const refusal = read({ error: 'access_denied', error_subcode: 'cancel' });
    expect(refusal).toMatchObject({ suberror: 'cancel' });
    expect(meaningOf(refusal ?? { error: '' }).meaning).toBe('You cancelled the sign-in.');
  });
});

/** The answer, then what becomes of a sign-in, then what becomes of a session. */
const outcomes: readonly (readonly [string, Body, string, string])[] = [
  // Recorded forms.
  [
    '50076',
    entra('invalid_grant', [50076], { suberror: 'basic_action' }),
    'ERR_SIGN_IN_REFUSED',
    'ERR_STEP_UP',
  ],
  [
    '50076 with claims',
    entra('invalid_grant', [50076], { suberror: 'basic_action', claims: policyClaims }),
    'ERR_STEP_UP',
    'ERR_STEP_UP',
  ],
  [
    '50076 of version 1',
    entra('interaction_required', [50076], { suberror: 'basic_action' }),
    'ERR_SIGN_IN_REFUSED',
    'ERR_STEP_UP',
  ],
  [
    '50076 of version 1 with claims',
    entra('interaction_required', [50076], { claims: policyClaims }),
    'ERR_STEP_UP',
    'ERR_STEP_UP',
  ],
  [
    '53003',
    entra('invalid_grant', [53003], { suberror: 'message_only' }),
    'ERR_SIGN_IN_REFUSED',
    'ERR_STEP_UP',
  ],
  [
    '53003 with claims',
    entra('invalid_grant', [53003], { suberror: 'message_only', claims: policyClaims }),
    'ERR_SIGN_IN_REFUSED',
    'ERR_STEP_UP',
  ],
  [
    '53003 of version 1',
    entra('interaction_required', [53003], { claims: policyClaims }),
    'ERR_SIGN_IN_REFUSED',
    'ERR_STEP_UP',
  ],
  [
    '65001',
    entra('invalid_grant', [65001], { suberror: 'consent_required' }),
    'ERR_SIGN_IN_REFUSED',
    'ERR_STEP_UP',
  ],
  ['65001 of 2017', entra('invalid_grant', [65001]), 'ERR_SIGN_IN_REFUSED', 'ERR_STEP_UP'],
  [
    '50173',
    entra('invalid_grant', [50173], { suberror: 'bad_token' }),
    'ERR_SIGN_IN_REFUSED',
    'ERR_SIGNED_OUT',
  ],
  [
    '50173 with claims',
    entra('invalid_grant', [50173], { suberror: 'bad_token', claims: policyClaims }),
    'ERR_SIGN_IN_REFUSED',
    'ERR_SIGNED_OUT',
  ],
  [
    '50034',
    entra('invalid_grant', [50034], { suberror: 'bad_token' }),
    'ERR_SIGN_IN_REFUSED',
    'ERR_SIGNED_OUT',
  ],
  [
    '70043',
    entra('invalid_grant', [70043], { suberror: 'token_expired' }),
    'ERR_SIGN_IN_REFUSED',
    'ERR_STEP_UP',
  ],
  [
    '70043 of version 1',
    entra('interaction_required', [70043], { suberror: 'token_expired' }),
    'ERR_SIGN_IN_REFUSED',
    'ERR_STEP_UP',
  ],
  [
    '700082',
    entra('invalid_grant', [700082], { suberror: 'bad_token' }),
    'ERR_SIGN_IN_REFUSED',
    'ERR_SIGNED_OUT',
  ],
  ['9002313', entra('invalid_grant', [9002313]), 'ERR_PROVIDER_REFUSED', 'ERR_PROVIDER_REFUSED'],
  ['7000218', entra('invalid_client', [7000218]), 'ERR_PROVIDER_REFUSED', 'ERR_PROVIDER_REFUSED'],
  [
    '7000218 with claims',
    entra('invalid_client', [7000218], { claims: policyClaims }),
    'ERR_PROVIDER_REFUSED',
    'ERR_PROVIDER_REFUSED',
  ],
  ['7000222', entra('invalid_client', [7000222]), 'ERR_PROVIDER_REFUSED', 'ERR_PROVIDER_REFUSED'],
  ...[7000215, 700024, 700027, 700211, 700212, 700213, 70021, 700025].map(
    (code) =>
      [
        `${code} with claims`,
        entra('invalid_client', [code], { claims: policyClaims }),
        'ERR_PROVIDER_REFUSED',
        'ERR_PROVIDER_REFUSED',
      ] as const,
  ),
  [
    'an unknown number of invalid_client',
    entra('invalid_client', [99999], { claims: policyClaims }),
    'ERR_PROVIDER_REFUSED',
    'ERR_PROVIDER_REFUSED',
  ],
  // The app, or what it asks for.
  [
    '700016',
    entra('unauthorized_client', [700016]),
    'ERR_PROVIDER_REFUSED',
    'ERR_PROVIDER_REFUSED',
  ],
  [
    '7000112',
    entra('unauthorized_client', [7000112]),
    'ERR_PROVIDER_REFUSED',
    'ERR_PROVIDER_REFUSED',
  ],
  ['9002327', entra('invalid_request', [9002327]), 'ERR_PROVIDER_REFUSED', 'ERR_PROVIDER_REFUSED'],
  ['500011', entra('invalid_resource', [500011]), 'ERR_PROVIDER_REFUSED', 'ERR_PROVIDER_REFUSED'],
  ['650057', entra('invalid_client', [650057]), 'ERR_PROVIDER_REFUSED', 'ERR_PROVIDER_REFUSED'],
  ['50011', entra('invalid_request', [50011]), 'ERR_PROVIDER_REFUSED', 'ERR_PROVIDER_REFUSED'],
  ['28000', entra('invalid_scope', [28000]), 'ERR_PROVIDER_REFUSED', 'ERR_PROVIDER_REFUSED'],
  [
    'invalid_scope alone',
    { error: 'invalid_scope' },
    'ERR_PROVIDER_REFUSED',
    'ERR_PROVIDER_REFUSED',
  ],
  // A spent code; the same numbers end a session.
  ['54005', entra('invalid_grant', [54005]), 'ERR_SIGN_IN_EXPIRED', 'ERR_SIGNED_OUT'],
  [
    '54005 with claims',
    entra('invalid_grant', [54005], { claims: policyClaims }),
    'ERR_SIGN_IN_EXPIRED',
    'ERR_SIGNED_OUT',
  ],
  ['70000', entra('invalid_grant', [70000]), 'ERR_SIGN_IN_EXPIRED', 'ERR_SIGNED_OUT'],
  ['70008', entra('invalid_grant', [70008]), 'ERR_SIGN_IN_EXPIRED', 'ERR_SIGNED_OUT'],
  [
    '70008 behind 70002',
    entra('invalid_grant', [70002, 70008]),
    'ERR_SIGN_IN_EXPIRED',
    'ERR_SIGNED_OUT',
  ],
  ['501481', entra('invalid_grant', [501481]), 'ERR_SIGN_IN_EXPIRED', 'ERR_SIGNED_OUT'],
  ['invalid_grant alone', { error: 'invalid_grant' }, 'ERR_SIGN_IN_EXPIRED', 'ERR_SIGNED_OUT'],
  // Nothing else is a spent code.
  [
    '530035',
    entra('invalid_grant', [530035], { suberror: 'message_only', claims: policyClaims }),
    'ERR_SIGN_IN_REFUSED',
    'ERR_STEP_UP',
  ],
  ['50057', entra('invalid_grant', [50057]), 'ERR_SIGN_IN_REFUSED', 'ERR_SIGNED_OUT'],
  [
    '50105',
    entra('invalid_grant', [50105], { claims: policyClaims }),
    'ERR_SIGN_IN_REFUSED',
    'ERR_SIGNED_OUT',
  ],
  ['an unknown number', entra('invalid_grant', [99999]), 'ERR_SIGN_IN_REFUSED', 'ERR_SIGNED_OUT'],
  [
    'an unknown number with claims',
    entra('invalid_grant', [99999], { claims: policyClaims }),
    'ERR_STEP_UP',
    'ERR_STEP_UP',
  ],
  [
    'an unknown number with bad_token and claims',
    entra('invalid_grant', [99999], { suberror: 'bad_token', claims: policyClaims }),
    'ERR_SIGN_IN_REFUSED',
    'ERR_SIGNED_OUT',
  ],
  [
    'an unknown error',
    entra('nobody_knows', [99999], { claims: policyClaims }),
    'ERR_SIGN_IN_REFUSED',
    'ERR_PROVIDER_REFUSED',
  ],
  ['bad_token as error', { error: 'bad_token' }, 'ERR_SIGN_IN_REFUSED', 'ERR_SIGNED_OUT'],
  ['login_required', { error: 'login_required' }, 'ERR_SIGN_IN_REFUSED', 'ERR_STEP_UP'],
  // Passing.
  [
    '90033',
    entra('temporarily_unavailable', [90033]),
    'ERR_PROVIDER_UNAVAILABLE',
    'ERR_PROVIDER_UNAVAILABLE',
  ],
  [
    '50196, a loop detected',
    entra('invalid_grant', [50196]),
    'ERR_PROVIDER_UNAVAILABLE',
    'ERR_PROVIDER_UNAVAILABLE',
  ],
  [
    'server_error with claims',
    { error: 'server_error', claims: policyClaims },
    'ERR_PROVIDER_UNAVAILABLE',
    'ERR_PROVIDER_UNAVAILABLE',
  ],
  // Azure AD B2C.
  ['AADB2C90080', b2c('invalid_grant', 90080), 'ERR_SIGN_IN_EXPIRED', 'ERR_SIGNED_OUT'],
  ['AADB2C90085', b2c('invalid_grant', 90085), 'ERR_SIGN_IN_EXPIRED', 'ERR_SIGNED_OUT'],
  ['AADB2C90129', b2c('invalid_grant', 90129), 'ERR_SIGN_IN_REFUSED', 'ERR_SIGNED_OUT'],
  ['AADB2C90081', b2c('invalid_request', 90081), 'ERR_PROVIDER_REFUSED', 'ERR_PROVIDER_REFUSED'],
  [
    'AADB2C90244',
    b2c('invalid_request', 90244),
    'ERR_PROVIDER_UNAVAILABLE',
    'ERR_PROVIDER_UNAVAILABLE',
  ],
];

describe('a refusal of the token endpoint', () => {
  it.each(outcomes)(
    '%s: what becomes of a sign-in and of a session',
    (_what, body, sign, session) => {
      const [signIn, refresh] = [redeemed(body), refreshed(body)];
      expect([signIn.code, refresh.code]).toEqual([sign, session]);
      const { number } = answerOf(body).refused.refusal;
      for (const [error, where] of [
        [signIn, 'redemption'],
        [refresh, 'refresh'],
      ] as const) {
        // Whatever becomes of it, the number can be shown and logged.
        expect(error.refusal).toMatchObject({ error: body['error'], where });
        expect(error.refusal?.number).toBe(number);
        expect(JSON.stringify(error.refusal) + error.message).not.toMatch(/ada@|capolids/);
      }
    },
  );

  it('carries the claims to the step-up, and the refusal to show when they do not help', () => {
    const error = redeemed(entra('invalid_grant', [50076], { claims: policyClaims }));
    expect(error).toBeInstanceOf(StepUpError);
    expect(error).toHaveProperty('stepUp', { scopes, claims: policyClaims });
    expect(error.cause).toBeInstanceOf(SignInRefusedError);
    expect(error.cause).toHaveProperty('refusal.number', 'AADSTS50076');
  });

  it('asks for the scopes alone where no claims came', () => {
    expect(refreshed(entra('invalid_grant', [70043]))).toHaveProperty('stepUp', { scopes });
  });
});
