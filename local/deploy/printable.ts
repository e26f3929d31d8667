/**
 * Text of others, as a terminal may be given it: without control characters, which could move the cursor, clear what was said or
 * turn the direction of writing; line breaks and tabs stay.
 */
export function printable(text: string): string {
  return text.replaceAll(/(?![\n\t])[\p{Cc}\p{Bidi_Control}]/gu, '');
}
