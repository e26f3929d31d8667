import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { createKeptState, prepareDataDir } from '../../../local/entra/kept-state';
import { seedUsers } from '../../../local/entra/registrations';
import { control, startStandIns, tenantId } from '../start-stand-ins';
import {
  answerOf,
  askForTokens,
  createAttempt,
  createPlainBrowser,
  pick,
  redemption,
  textOf,
} from './entra-client';

const [admin, plain] = seedUsers(tenantId).map(({ objectId }) => objectId) as [string, string];

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kept-'));
  path = join(folder, 'sub', 'entra.json');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('createKeptState', () => {
  it('keeps what was put into its parts, for the owner only', async () => {
    const first = createKeptState(path);
    first.part('a').set('x', { y: 1 });
    first.changed();
    await Promise.resolve();
    expect(createKeptState(path).part('a').get('x')).toEqual({ y: 1 });
    expect(statSync(path).mode & 0o077).toBe(0);
    expect(readdirSync(join(folder, 'sub'))).toEqual(['entra.json']);
  });

  it('writes nothing without a path', async () => {
    const state = createKeptState();
    state.part('a').set('x', 1);
    state.changed();
    await Promise.resolve();
    expect(existsSync(path)).toBe(false);
    expect(createKeptState().part('a').size).toBe(0);
  });

  it.each(['{"a": 1}', '[]', 'nonsense'])('refuses a file that holds %s', (text) => {
    const other = join(folder, 'other.json');
    writeFileSync(other, text);
    expect(() => createKeptState(other)).toThrow(other);
  });
});

describe('a stand-in with a state file', () => {
  it('goes on after a restart with sessions, refresh tokens, keys, accounts and consent', async () => {
    const first = await startStandIns({ stateFile: path });
    const port = Number(new URL(first.entra.url).port);
    const browser = createPlainBrowser();
    const attempt = createAttempt(first.entra.url);
    const answer = answerOf(await pick(browser, attempt.url, plain));
    const { body: tokens } = await askForTokens(first.entra.url, redemption(answer, attempt));
    await control(first.entra.url, {
      users: {
        [plain]: { roles: ['reader'] },
        [admin]: { disabled: true },
        'kim@anteroom.example': { name: 'Kim Roe' },
      },
    });
    await first.stop();

    const second = await startStandIns({ stateFile: path, port });
    try {
      const origin = second.entra.url;
      const again = await askForTokens(origin, {
        grant_type: 'refresh_token',
        refresh_token: textOf(tokens, 'refresh_token'),
      });
      expect(again.body['scope']).toBe(tokens['scope']);
      const [before, after] = [tokens, again.body].map((body) =>
        decodeJwt(textOf(body, 'id_token')),
      );
      expect(after).toMatchObject({ sub: before?.sub, sid: before?.['sid'], roles: ['reader'] });
      const silent = await browser.get(createAttempt(origin, { prompt: 'none' }).url);
      expect(answerOf(silent).get('code')).not.toBeNull();
      // The access token was signed by the first run's key.
      const headers = { Authorization: `Bearer ${textOf(tokens, 'access_token')}` };
      expect((await fetch(`${second.graph.baseUrl}/me`, { headers })).status).toBe(200);
      const users = second.entra.users.map(({ name, disabled }) => [name, disabled]);
      expect(users).toContainEqual(['Ines Okafor', true]);
      expect(users).toContainEqual(['Kim Roe', false]);
    } finally {
      await second.stop();
    }
  });
});

describe('prepareDataDir', () => {
  let folder: string;
  const modeOf = (path: string) => statSync(path).mode & 0o777;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'data-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('closes an empty folder that is there already, and one it made before, for others', () => {
    const made = join(folder, 'made');
    mkdirSync(made, { mode: 0o755 });
    prepareDataDir(made);
    expect([modeOf(made), readdirSync(made)]).toEqual([0o700, ['.gitignore']]);
    chmodSync(made, 0o755);
    prepareDataDir(made);
    expect([modeOf(made), readdirSync(made)]).toEqual([0o700, ['.gitignore']]);
  });

  it('makes a folder whose parents are missing, too', () => {
    const made = join(folder, 'a', 'b');
    prepareDataDir(made);
    expect([modeOf(made), modeOf(join(made, '.gitignore'))]).toEqual([0o700, 0o600]);
  });
});
