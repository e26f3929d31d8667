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
