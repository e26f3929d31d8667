import { seedUsers } from '../../../local/entra/registrations';
import { act, client, control, type StandIns, startStandIns, tenantId } from '../start-stand-ins';
import {
  answerOf,
  askForTokens,
  createAttempt,
  createPlainBrowser,
  locationOf,
  pick,
  redemption,
  signIn,
  textOf,
} from './entra-client';

const [admin] = seedUsers(tenantId).map(({ objectId }) => objectId) as [string];
const guid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const date = '\\d{4}-\\d{2}-\\d{2} \\d{2}:\\d{2}:\\d{2}Z';

let standIns: StandIns;
let origin: string;

beforeAll(async () => {
  standIns = await startStandIns();
  origin = standIns.entra.url;
});
afterAll(() => standIns.stop());
beforeEach(() => act(origin, 'reset'));

/** The answer to a refresh, to which the order counts alone: there need not be a token. */
async function refused(tokenError: unknown, change: object = {}) {
  const taken = await control(origin, { tokenError, ...change });
  expect(taken.status).toBe(200);
  return askForTokens(origin, { grant_type: 'refresh_token', refresh_token: 'any' });
}

describe('bodies of the token endpoint', () => {
  it.each<[number, number, string, string | undefined]>([
    [50034, 400, 'invalid_grant', 'bad_token'],
    [50076, 400, 'invalid_grant', 'basic_action'],
    [50105, 400, 'invalid_grant', undefined],
    [50173, 400, 'invalid_grant', 'bad_token'],
    [53003, 400, 'invalid_grant', 'message_only'],
    [65001, 400, 'invalid_grant', 'consent_required'],
    [70043, 400, 'invalid_grant', 'token_expired'],
    [700082, 400, 'invalid_grant', undefined],
    [700211, 401, 'invalid_client', undefined],
    [700212, 401, 'invalid_client', undefined],
    [700213, 401, 'invalid_client', undefined],
    [7000215, 401, 'invalid_client', undefined],
    [7000218, 401, 'invalid_client', undefined],
    [7000222, 401, 'invalid_client', undefined],
    [9002313, 400, 'invalid_request', undefined],
  ])('AADSTS%i is %i %s', async (number, status, error, suberror) => {
    const answer = await refused(number);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ error, error_codes: [number] });
    expect(answer.body['suberror']).toBe(suberror);
    expect(answer.body['error_uri']).toBe(
      number === 70043 ? undefined : `https://login.microsoftonline.com/error?code=${number}`,
    );
    expect(textOf(answer.body, 'claims')).toContain('capolids');
    await act(origin, 'reset');
    const bare = await refused(number, { policyClaims: false });
    expect(bare.body).not.toHaveProperty('claims');
  });

  it('name the generic number first, in the list and in the description', async () => {
    const { body } = await refused(500133);
    expect(body['error_codes']).toEqual([70002, 500133]);
    expect(body['error_description']).toMatch(/^AADSTS70002: .* AADSTS500133: /);
  });

  it.each([
    ['spaces', ' '],
    ['lines', '\r\n'],
  ])('part the description by %s', async (errorLayout, gap) => {
    const { body } = await refused(70008, { errorLayout });
    const [said, ...traces] = textOf(body, 'error_description').split(
      new RegExp(`${gap}(?=(?:Trace ID|Correlation ID|Timestamp): )`),
    );
    expect(said).toMatch(/^AADSTS70008: \S.*\.$/);
    expect(traces.join(gap)).toMatch(
      new RegExp(`^Trace ID: ${guid}${gap}Correlation ID: ${guid}${gap}Timestamp: ${date}$`),
    );
  });

  it('may name another host, or none, to read more at', async () => {
    const other = await refused(70008, { errorUri: 'login.windows.net' });
    expect(other.body['error_uri']).toBe('https://login.windows.net/error?code=70008');
    const none = await refused(70008, { errorUri: 'none' });
    expect(none.body).not.toHaveProperty('error_uri');
  });

  it.each([7000218, 65001, 54005, 90033])(
    'bring the ids of policies as claims, AADSTS%i too',
    async (number) => {
      const { body } = await refused(number);
      expect(JSON.parse(textOf(body, 'claims'))).toMatchObject({
        access_token: { capolids: { essential: true } },
      });
    },
  );

  it('bring the claims of a refusal that nobody ordered, too', async () => {
    const { status, body } = await askForTokens(origin, { grant_type: 'x', client_secret: 'x' });
    expect([status, body['error']]).toEqual([401, 'invalid_client']);
    expect(textOf(body, 'claims')).toContain('capolids');
  });

  it('say anything that is ordered', async () => {
    const order = {
      ...{ code: 98765, status: 429, error: 'slow_down', suberror: 'odd', codes: [70002, 98765] },
      ...{ claims: '{"x":1}', retryAfter: '60', text: 'Not now.' },
    };
    const { status, headers, body } = await refused(order);
    expect([status, headers.get('retry-after')]).toEqual([429, '60']);
    expect(body).toMatchObject({
      ...{ error: 'slow_down', suberror: 'odd', error_codes: [70002, 98765], claims: '{"x":1}' },
    });
    expect(body['error_description']).toContain('AADSTS98765: Not now.');
  });

  it('throttle with Retry-After', async () => {
    const { status, headers, body } = await refused(90055);
    expect([status, headers.get('retry-after')]).toEqual([429, '60']);
    expect(body['error']).toBe('temporarily_unavailable');
  });

  it('come with the headers and cookies of Microsoft Entra ID, as tokens do', async () => {
    const refusal = await refused(70008);
    await act(origin, 'reset');
    const attempt = createAttempt(origin);
    const answer = answerOf(await pick(createPlainBrowser(), attempt.url, admin));
    const tokens = await askForTokens(origin, redemption(answer, attempt));
    const unordered = await askForTokens(origin, { ...redemption(answer, attempt), code: 'x' });
    for (const [number, { headers }] of [
      [70008, refusal],
      [0, tokens],
      [70000, unordered],
    ] as const) {
      expect(headers.get('x-ms-request-id')).toMatch(new RegExp(`^${guid}$`));
      expect(headers.get('x-ms-ests-server')).not.toBeNull();
      expect(headers.get('x-ms-clitelem')).toBe(`1,${number},0,,`);
      expect(headers.get('cache-control')).toBe('no-store, no-cache');
      const cookies = headers.getSetCookie().map((line) => line.slice(0, line.indexOf('=')));
      expect(cookies).toEqual(['fpc', 'x-ms-gateway-slice', 'stsservicecookie']);
    }
    expect(refusal.body['trace_id']).toBe(refusal.headers.get('x-ms-request-id'));
  });

  it.each([
    ['no code', { error: 'invalid_grant' }],
    ['a code of nobody', 'AADSTS50076'],
    ['a status of success', { code: 70000, status: 200 }],
    ['something else', { code: 70000, colour: 'red' }],
    ['codes that are no numbers', { code: 70000, codes: ['70000'] }],
  ])('are not ordered with %s', async (_, tokenError) => {
    expect((await control(origin, { tokenError })).status).toBe(400);
  });
});

describe('refusals of the sign-in', () => {
  const back = async (signInError: unknown, change: object = {}) => {
    await control(origin, { signInError, ...change });
    return answerOf(await createPlainBrowser().get(createAttempt(origin).url));
  };

  it.each<[number, string]>([
    [50076, 'interaction_required'],
    [50105, 'access_denied'],
    [65001, 'consent_required'],
    [65004, 'access_denied'],
    [70008, 'access_denied'],
    [90055, 'temporarily_unavailable'],
    [500011, 'invalid_resource'],
  ])('AADSTS%i sends the browser back with %s', async (number, error) => {
    const answer = await back(number);
    expect(answer.get('error')).toBe(error);
    expect(answer.get('error_description')).toMatch(new RegExp(`^AADSTS${number}: `));
    expect(answer.get('error_uri')).toBe(`https://login.microsoftonline.com/error?code=${number}`);
    expect(answer.get('state')).toBe('the-state');
    expect(answer.get('error_subcode')).toBe(number === 65004 ? 'cancel' : null);
  });

  it('are worded like those of the token endpoint', async () => {
    const answer = await back(
      { code: 98765, error: 'odd_error' },
      { errorLayout: 'lines', errorUri: 'none' },
    );
    expect(answer.get('error')).toBe('odd_error');
    expect(answer.get('error_description')).toMatch(/^AADSTS98765: .*\r\nTrace ID: /);
    expect(answer.get('error_uri')).toBeNull();
  });

  it('touch as many sign-ins as signInTimes says, and none at an unknown address', async () => {
    await control(origin, { signInError: 50105, signInTimes: 1 });
    const elsewhere = createAttempt(origin, { redirect_uri: 'https://evil.example/' });
    expect((await createPlainBrowser().get(elsewhere.url)).status).toBe(400);
    const first = await createPlainBrowser().get(createAttempt(origin).url);
    expect(answerOf(first).get('error')).toBe('access_denied');
    const second = await createPlainBrowser().get(createAttempt(origin).url);
    expect(locationOf(second).pathname).toContain('/sign-in/');
  });

  it('come of a person who cancels where an account is to be picked', async () => {
    const browser = createPlainBrowser();
    const picker = locationOf(await browser.get(createAttempt(origin).url));
    expect(await (await browser.get(picker)).text()).not.toContain('Forgot');
    const left = await browser.post(picker, { leave: 'cancel' });
    const answer = answerOf(await browser.get(locationOf(left)));
    expect(answer.get('error')).toBe('access_denied');
    expect(answer.get('error_subcode')).toBe('cancel');
    expect(answer.get('error_description')).toMatch(/^AADSTS65004: /);
  });
});

describe('Azure AD B2C', () => {
  let b2c: StandIns;
  const flow = `${tenantId}/b2c_1_sign_in/oauth2/v2.0`;

  beforeAll(async () => {
    b2c = await startStandIns({ shape: 'b2c' });
  });
  afterAll(() => b2c.stop());
  beforeEach(() => act(b2c.entra.url, 'reset'));

  const authorize = (changes: Record<string, string> = {}) =>
    `${b2c.entra.url}/${flow}/authorize${new URL(createAttempt(origin, { scope: 'openid', ...changes }).url).search}`;

  it.each([
    ['cancel', 'AADB2C90091'],
    ['password', 'AADB2C90118'],
  ])('%s in the picker sends the browser back with %s', async (leave, code) => {
    const browser = createPlainBrowser();
    const picker = locationOf(await browser.get(authorize()));
    expect(await (await browser.get(picker)).text()).toContain('Forgot your password?');
    const left = await browser.post(picker, { leave });
    const answer = answerOf(await browser.get(locationOf(left)));
    expect([...answer.keys()].sort()).toEqual(['error', 'error_description', 'state']);
    expect(answer.get('error')).toBe('access_denied');
    expect(answer.get('error_description')).toMatch(
      new RegExp(`^${code}: .*\\r\\nCorrelation ID: ${guid}\\r\\nTimestamp: ${date}\\r\\n$`),
    );
  });

  it('calls what nobody ordered by its own codes', async () => {
    const silent = await createPlainBrowser().get(authorize({ prompt: 'none' }));
    expect(answerOf(silent).get('error')).toBe('interaction_required');
    expect(answerOf(silent).get('error_description')).toMatch(/^AADB2C90077: /);
    const response = await fetch(`${b2c.entra.url}/${flow}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        ...{ grant_type: 'refresh_token', refresh_token: 'unknown' },
        ...{ client_id: client.id, client_secret: client.secret },
      }),
    });
    const body = (await response.json()) as Record<string, unknown>;
    expect(Object.keys(body)).toEqual(['error', 'error_description']);
    expect(body['error_description']).toMatch(/^AADB2C90088: /);
  });

  it('takes an order for any of its codes', async () => {
    await control(b2c.entra.url, { signInError: 'AADB2C90273' });
    const answer = answerOf(await createPlainBrowser().get(authorize()));
    expect(answer.get('error_description')).toMatch(/^AADB2C90273: /);
  });
});

it('a refresh token stays good whatever was refused', async () => {
  const token = textOf(await signIn(origin, admin), 'refresh_token');
  await refused(70043);
  await act(origin, 'reset');
  const again = await askForTokens(origin, { grant_type: 'refresh_token', refresh_token: token });
  expect(again.status).toBe(200);
});
