import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { AppError } from '../../src/errors';
import type { Fuzzed } from '../support/hostile-values';
import { answerParsers } from './answer-parsers';
import { optionParsers } from './option-parsers';
import { requestParsers } from './request-parsers';
import { tableParsers } from './table-parsers';

// Whatever comes from outside, a parser gives what its grammar allows, or says no in its own way. It throws nothing else.

const parsers: Record<string, Fuzzed> = {
  ...requestParsers,
  ...tableParsers,
  ...answerParsers,
  ...optionParsers,
};

/** Exported functions with the name of a parser that get nothing from outside, or that another row of the table runs. */
const others: Record<string, string> = {
  readBounded: 'bytes, which the callers parse',
  readPage: 'run by Table.list',
  readPageInTime: 'run by Table.list',
  readFirstRow: 'of the row, only whether there is one',
  readAddress: 'an address that the settings have checked',
  parseUrl: 'run by readSettings, for each address',
  readEntity: 'run by Table.read',
  readFunctionTimeout: 'host.json of the app itself',
};

function isAllowed(error: unknown, mayThrow: Fuzzed['mayThrow']): boolean {
  if (mayThrow === 'AppError below 500') return error instanceof AppError && error.status < 500;
  if (mayThrow === 'AppError 502 or 503') {
    return error instanceof AppError && [502, 503].includes(error.status);
  }
  if (mayThrow === 'TypeError') return error instanceof TypeError;
  return mayThrow !== undefined && (error instanceof TypeError || error instanceof RangeError);
}

describe('every parser at the edge', () => {
  it.each(Object.keys(parsers))(
    '%s takes what its grammar allows, and says no to the rest',
    async (name) => {
      const { input, run, mayThrow } = parsers[name] ?? {};
      if (input === undefined || run === undefined) throw new Error('no such parser');
      const property = fc.asyncProperty(input, async (value) => {
        try {
          await run(value as never);
        } catch (error) {
          if (!isAllowed(error, mayThrow)) throw error;
        }
      });
      await fc.assert(property, { seed: 17, numRuns: 200 });
    },
  );

  it('is in this table, or says why not', () => {
    const source = join(__dirname, '../../src');
    const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /\.tsx?$/.test(file),
    );
    const found = files.flatMap((file) =>
      [
        ...readFileSync(join(source, file), 'utf8').matchAll(
          /^export (?:async )?function ((?:parse|read)[A-Z]\w*)/gm,
        ),
      ].map(([, name = '']) => name),
    );
    const known = [...Object.keys(parsers), ...Object.keys(others)];
    expect(found.filter((name) => !known.includes(name))).toEqual([]);
    expect(Object.keys(others).filter((name) => !found.includes(name))).toEqual([]);
  });
});
