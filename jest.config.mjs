// Tests run on swc (types are checked by `npm run check`). jose, cookie and preact are ESM only.
import { existsSync } from 'node:fs';

const esmOnly = ['jose', 'cookie', 'preact', 'preact-render-to-string'];

const { CHROME_PATH = '', CI = '' } = process.env;
const hasBrowser =
  existsSync(CHROME_PATH) || (process.platform === 'linux' && process.arch === 'x64');
if (!hasBrowser && CI === '') {
  console.warn('\n*** No Chromium: the tests in test/browser are LEFT OUT. Set CHROME_PATH. ***\n');
}

export default {
  testEnvironment: 'node',
  // Most tests wait for processes of their own: one worker on two cores would leave both idle.
  maxWorkers: 3,
  testMatch: ['<rootDir>/test/**/*.test.{ts,tsx}'],
  // Under CI they run without a browser too, and fail.
  testPathIgnorePatterns: [
    '/node_modules/',
    ...(hasBrowser || CI !== '' ? [] : ['/test/browser/']),
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
