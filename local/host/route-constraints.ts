/** Whether the decoded value of a route parameter is acceptable. */
export type RouteConstraint = (value: string) => boolean;

const plain: Record<string, RouteConstraint> = {
  alpha: (value) => /^[a-z]*$/i.test(value),
  bool: (value) => /^(true|false)$/i.test(value),
  datetime: (value) => !Number.isNaN(Date.parse(value)),
  decimal: (value) => /^[+-]?(\d+\.?\d*|\.\d+)$/.test(value),
  double: (value) => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value),
  float: (value) => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value),
  guid: (value) =>
    /^(\{[0-9a-f-]{36}\}|\([0-9a-f-]{36}\)|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32})$/i.test(
      value,
    ),
  int: (value) => isWhole(value, -(2n ** 31n), 2n ** 31n - 1n),
  long: (value) => isWhole(value, -(2n ** 63n), 2n ** 63n - 1n),
  required: (value) => value !== '',
};

const withArguments: Record<string, (argument: string) => RouteConstraint> = {
  length: (argument) => {
    const [least, max] = numbers(argument);
    return (value) => value.length >= least && value.length <= (max ?? least);
  },
  minlength: (argument) => (value) => value.length >= numbers(argument)[0],
  maxlength: (argument) => (value) => value.length <= numbers(argument)[0],
  min: (argument) => (value) => isWhole(value, BigInt(numbers(argument)[0]), 2n ** 63n - 1n),
  max: (argument) => (value) => isWhole(value, -(2n ** 63n), BigInt(numbers(argument)[0])),
  range: (argument) => {
    const [least, max] = numbers(argument);
    return (value) => isWhole(value, BigInt(least), BigInt(max ?? least));
  },
  regex: (argument) => {
    const pattern = new RegExp(argument, 'i');
    return (value) => pattern.test(value);
  },
};

/**
 * The inline constraint written as `text` in a route template: `int`, `length(2,5)`, `regex(^a$)`.
 * The set is that of ASP.NET Core routing, which the Functions host uses.
 * https://learn.microsoft.com/aspnet/core/fundamentals/routing#route-constraints
 * @throws Error when there is no such constraint
 */
export function parseRouteConstraint(text: string): RouteConstraint {
  const parts = /^([a-z]+)(?:\((.*)\))?$/is.exec(text);
  const name = parts?.[1]?.toLowerCase() ?? '';
  const argument = parts?.[2];
  const constraint = argument === undefined ? plain[name] : withArguments[name]?.(argument.trim());
  if (constraint === undefined) {
    throw new Error(`The route constraint "${text}" is not known.`);
  }
  return constraint;
}

function numbers(argument: string): [number, number | undefined] {
  const [first, second] = argument.split(',').map(Number);
  return [first ?? NaN, second];
}

function isWhole(value: string, least: bigint, max: bigint): boolean {
  if (!/^[+-]?\d{1,20}$/.test(value)) {
    return false;
  }
  const whole = BigInt(value.replace(/^\+/, ''));
  return whole >= least && whole <= max;
}

/** Splits `text` at `separator`, but not inside braces or parentheses. */
export function splitOutside(text: string, separator: string): readonly string[] {
  const parts = [''];
  let depth = 0;
  for (const character of text) {
    if (character === '{' || character === '(') {
      depth += 1;
    } else if (character === '}' || character === ')') {
      depth -= 1;
    }
    if (character === separator && depth === 0) {
      parts.push('');
    } else {
      parts.push((parts.pop() ?? '') + character);
    }
  }
  return parts;
}
