import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readJsonFile } from '../../../local/loopback/json-file';
import { thrownBy } from '../../support/thrown-by';

describe('readJsonFile', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'json-'));
    path = join(folder, 'some.json');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['nothing special', '{ "a": "//b" }'],
    ['a byte order mark', '\uFEFF{ "a": "//b" }'],
    ['comments and commas at the end', '// one\n{ "a": "//b", /* two */ }'],
  ])('reads an object with %s', (_, text) => {
    writeFileSync(path, text);
    expect(readJsonFile(path)).toEqual({ a: '//b' });
  });

  it('gives undefined where there is no such file', () => {
    expect(readJsonFile(path)).toBeUndefined();
    expect(readJsonFile(join(path, 'below'))).toBeUndefined();
  });

  it.each([
    [
      'a comma that is missing',
      '{\n  "a": "se-cret"\n  "b": 1\n}',
      "line 3, column 3: .*',' expected",
    ],
    ['a word without quotes', '\uFEFF{ "a": se-cret }', 'line 1, column 8: '],
    ['a brace that is missing', '{ "a": "se-cret"', "line 1, column 17: .*'}' expected"],
    ['single quotes', "{ 'se-cret': 1 }", 'line 1, column 3: .*double quotes'],
    ['nothing', ' \n', 'The file is empty'],
    ['a list with a comma at its end', '["se-cret",]', 'does not hold a JSON object'],
    ['a second object', '{} { "se-cret": 1 }', 'line 1, column 4: .*ended'],
    ['a text that does not end', '{ "a": "se-cret\n}', 'line 1, column 8: .*double quote'],
    ['a list', '["se-cret"]', 'does not hold a JSON object'],
  ])('names the file and the place of %s, and quotes nothing of it', (_, text, reason) => {
    writeFileSync(path, text);
    const error = thrownBy(() => readJsonFile(path)) as Error;
    expect(error.message).toMatch(new RegExp(`some\\.json\\b.*${reason}`));
    expect(error.message).not.toContain('se-cret');
  });

  it('says so when the file cannot be read, and does not take it for missing', () => {
    mkdirSync(path);
    expect(() => readJsonFile(path)).toThrow('some.json cannot be read (EISDIR)');
  });
});
