import { readFileSync } from 'node:fs';

/**
 * The object a JSON file holds, or undefined when there is no such file.
 * @throws Error naming the file when it holds no JSON object
 */
export function readJsonFile(path: string): Readonly<Record<string, unknown>> | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${path} is not valid JSON.`, { cause });
  }
  if (!isRecord(value)) {
    throw new Error(`${path} does not hold a JSON object.`);
  }
  return value;
}

/** Whether a value out of a JSON file is an object (not a list). */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
