import { HttpRequest } from '@azure/functions';
import { mediaTypeOf } from '../../src/http/media-type';

describe('mediaTypeOf', () => {
  it.each([
    [undefined, ''],
    ['', ''],
    ['application/json', 'application/json'],
    ['APPLICATION/JSON', 'application/json'],
    ['application/jsonx', 'application/jsonx'],
    ['application/json;charset=utf-8', 'application/json'],
    [' application/json ; charset="a;b"', 'application/json'],
    ['text/plain; a=application/json', 'text/plain'],
    [';application/json', ''],
    ['application/json, text/plain', 'application/json, text/plain'],
  ])('%j is %j', (contentType, expected) => {
    const headers = contentType === undefined ? {} : { 'content-type': contentType };
    const request = new HttpRequest({ method: 'POST', url: 'http://localhost:7071/', headers });
    expect(mediaTypeOf(request)).toBe(expected);
  });
});
