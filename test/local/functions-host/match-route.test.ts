import { compileRoute } from '../../../local/functions-host/compile-route';
import { matchRoute } from '../../../local/functions-host/match-route';

const guid = '5a7e1c7e-0000-4000-8000-00000a57e700';

describe('matchRoute', () => {
  it.each([
    ['a/b', '/a/b', {}],
    ['a/b', '/a', undefined],
    ['a', '/a/b', undefined],
    ['', '/', {}],
    ['', '/a', undefined],
    ['{x}/b', '/a/b', { x: 'a' }],
    ['{x}', '/', undefined],
    ['{x?}', '/', {}],
    ['a/{x=5}', '/a', { x: '5' }],
    ['a/{x:int=5}', '/a', { x: '5' }],
    ['a/{x:int?}', '/a', {}],
    ['a/{x:int?}', '/a/b', undefined],
    ['{*rest}', '/', {}],
    ['{**rest}', '/a/b', { rest: 'a/b' }],
    ['v{major}.{minor}', '/v1.2', { major: '1', minor: '2' }],
    ['v{major}', '/x1', undefined],
  ])('matches the route %p with %p: %p', (route, path, expected) => {
    expect(matchRoute(compileRoute(route), path)).toEqual(expected);
  });

  it.each([
    ['alpha', 'abc', 'ab1'],
    ['bool', 'TRUE', 'yes'],
    ['datetime', '2026-11-21', 'soon'],
    ['decimal', '-1.5', '1e3'],
    ['double', '1.5e3', 'x'],
    ['guid', guid, 'guid'],
    ['int', '2147483647', '2147483648'],
    ['long', '9223372036854775807', '9223372036854775808'],
    ['length(3)', 'abc', 'ab'],
    ['length(2,3)', 'ab', 'abcd'],
    ['minlength(2)', 'ab', 'a'],
    ['maxlength(2)', 'ab', 'abc'],
    ['min(18)', '18', '17'],
    ['max(18)', '18', '19'],
    ['range(1,9)', '9', '10'],
    ['regex(^\\d{{3}}$)', '123', '1234'],
    ['regex(^(a:b|c)$)', 'a:b', 'd'],
    ['int:min(3)', '3', '2'],
  ])('holds the constraint %s', (constraint, good, bad) => {
    const route = compileRoute(`a/{x:${constraint}}`);
    expect(matchRoute(route, `/a/${good}`)).toEqual({ x: good });
    expect(matchRoute(route, `/a/${bad}`)).toBeUndefined();
  });
});

describe('compileRoute', () => {
  it.each(['a//b', '{*rest}/b', '{', 'a}', '{}', '{x:nothing}', '{x:int(3)}', '{x:regex}'])(
    'refuses the route %s',
    (route) => {
      expect(() => compileRoute(route)).toThrow();
    },
  );
});
