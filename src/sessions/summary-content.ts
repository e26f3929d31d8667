import { isObject } from '../is-object';

/** What the encrypted `summary` of a session's row holds: enough to recognise a session in a list. */
export interface SummaryContent {
  readonly name: string;
  readonly username: string;
  /** Browser and system in words. */
  readonly device: string;
}

/** A summary, or `undefined` for anything else. */
export function parseSummaryContent(content: unknown): SummaryContent | undefined {
  if (!isObject(content)) return undefined;
  const { name, username, device } = content;
  if (typeof name !== 'string' || typeof username !== 'string') return undefined;
  return typeof device === 'string' ? { name, username, device } : undefined;
}
