// Tests run on swc (types are checked by `npm run check`). jose, cookie and preact are ESM only.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

const esmOnly = ['jose', 'cookie', 'preact', 'preact-render-to-string'];

const { CHROME_PATH = '', CI = '' } = process.env;
const hasBrowser =
  existsSync(CHROME_PATH) || (process.platform === 'linux' && process.arch === 'x64');
if (!hasBrowser && CI === '') {
  console.warn('\n*** No Chromium: the tests in test/browser are LEFT OUT. Set CHROME_PATH. ***\n');
}

// The released Bicep CLI: one that is named, on the path, or that az has installed.
const { BICEP = '', PATH = '' } = process.env;
const program = process.platform === 'win32' ? 'bicep.exe' : 'bicep';
const places = [...PATH.split(delimiter), join(homedir(), '.azure/bin')];
const bicep = [BICEP, ...places.map((folder) => join(folder, program))].find(existsSync);
if (bicep !== undefined) process.env.BICEP = bicep;
else if (CI === '') {
  console.warn(
    '\n*** No Bicep CLI: test/infra/template.test.ts is LEFT OUT. Run az bicep install, or set BICEP. ***\n',
  );
}

export default {
  testEnvironment: 'node',
  // Most tests wait for processes of their own: of four workers two are often waiting, and a core is idle.
  maxWorkers: 6,
  // A worker that has nothing left to do needs more than jest's half second to free the memory of all its suites, where
  // cores are busy. Jest would say that a test left something.
  workerGracefulExitTimeout: 10_000,
  testSequencer: '<rootDir>/test/support/slow-first.cjs',
  // Its package.json has the name of ours.
  modulePathIgnorePatterns: ['<rootDir>/dist/package/'],
  testMatch: ['<rootDir>/test/**/*.test.{ts,tsx}'],
  // Under CI they run without a browser or Bicep CLI too, and fail.
  testPathIgnorePatterns: [
    '/node_modules/',
    ...(hasBrowser || CI !== '' ? [] : ['/test/browser/']),
    ...(bicep !== undefined || CI !== '' ? [] : ['/test/infra/template.test.ts']),
  ],
  globalSetup: '<rootDir>/test/support/prepare-tests.ts',
  globalTeardown: '<rootDir>/test/support/stop-azurite.ts',
  transform: {
    '^.+\\.(t|j|mj)sx?$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', tsx: true },
          transform: { react: { runtime: 'automatic', importSource: 'preact' } },
        },
        module: { type: 'commonjs' },
      },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly.join('|')})/)`],
  // A test that hangs fails; one on a busy machine has time. What a test waits for is an event, never a time.
  testTimeout: 120_000,
};
