import { HttpRequest } from '@azure/functions';
import { isTrue, readForm } from '../../src/http/read-form';
import { failureOf } from '../support/auth-fixture';
import { thrownBy } from '../support/thrown-by';

const form = 'application/x-www-form-urlencoded';
const json = 'application/json';

const read = async (contentType: string | undefined, body: string) =>
  Object.fromEntries(
    await readForm(
      new HttpRequest({
        method: 'POST',
        url: 'http://localhost:7071/auth/logout',
        headers: contentType === undefined ? {} : { 'content-type': contentType },
        body: { string: body },
      }),
    ),
  );

describe('readForm', () => {
  it.each<[string, string, Record<string, string>]>([
    [form, 'local=true&everywhere=', { local: 'true', everywhere: '' }],
    [`${form}; charset=UTF-8`, 'name=Ada+Lovelace%26', { name: 'Ada Lovelace&' }],
    ['APPLICATION/X-WWW-FORM-URLENCODED', 'a=1', { a: '1' }],
    [json, '{"local":true,"session":"abc"}', { local: 'true', session: 'abc' }],
    ['APPLICATION/JSON', '{"local":false}', { local: 'false' }],
    ['application/json; charset=utf-8', '{}', {}],
    [json, '{"__proto__":"a"}', Object.fromEntries([['__proto__', 'a']])],
  ])('reads %s %s', async (contentType, body, expected) => {
    expect(await read(contentType, body)).toEqual(expected);
  });

  it.each([form, json, 'text/xml', undefined])('takes an empty body of type %s', async (type) => {
    expect(await read(type, '')).toEqual({});
  });

  it.each([
    ['a field twice', form, 'local=true&local=true'],
    ['a field twice, escaped once', form, 'local=true&lo%63al=false'],
    ['JSON cut short', json, '{"local":tr'],
    ['a form called JSON', json, 'local=true'],
    ['a JSON list', json, '["local"]'],
    ['a JSON list of pairs', json, '[["local","true"]]'],
    ['JSON null', json, 'null'],
    ['a JSON text', json, '"local"'],
    ['a JSON number', json, '1'],
    ['a number in JSON', json, '{"local":1}'],
    ['null in JSON', json, '{"local":null}'],
    ['an object in JSON', json, '{"local":{"is":true}}'],
    ['a list in JSON', json, '{"local":["true"]}'],
  ])('refuses %s', async (_name, contentType, body) => {
    expect((await failureOf(read(contentType, body))).code).toBe('ERR_BAD_REQUEST');
  });

  it.each([
    'application/jsonx',
    'application/json-patch+json',
    'text/json',
    'application/problem+json',
    'application/x-www-form-urlencodedx',
    'text/plain',
    'multipart/form-data; boundary=a',
    ' ',
    undefined,
  ])('refuses the media type %s', async (type) => {
    expect((await failureOf(read(type, '{"local":true}'))).code).toBe('ERR_MEDIA_TYPE');
  });

  it('reads up to 4096 characters, of any type', async () => {
    const longest = 'a'.repeat(4096 - 2);
    expect(await read(form, `a=${longest}`)).toEqual({ a: longest });
    for (const type of [form, json, 'text/xml']) {
      expect((await failureOf(read(type, `a=${longest}a`))).code).toBe('ERR_BAD_REQUEST');
    }
  });

  it('repeats nothing of the body in its errors', async () => {
    const failure = await failureOf(read(json, '{"session":"hunter2"'));
    expect(failure.message).not.toContain('hunter2');
    expect(failure.note).toBe('body is not JSON');
  });
});

describe('isTrue', () => {
  it.each([
    ['true', true],
    ['false', false],
    [undefined, false],
  ])('takes %s', (value, expected) => {
    const fields = new Map(value === undefined ? [] : [['local', value] as const]);
    expect(isTrue(fields, 'local')).toBe(expected);
  });

  it.each(['TRUE', 'True', '1', 'yes', 'on', '', ' true', 'true ', 'FALSE'])(
    'refuses %j rather than guess',
    (value) => {
      const thrown = thrownBy(() => isTrue(new Map([['local', value]]), 'local'));
      expect(thrown).toMatchObject({ code: 'ERR_BAD_REQUEST', status: 400 });
    },
  );
});
