import { isObject } from '../is-object';

/** What a sign-out did and what it could not do. */
export interface SignOutNotice {
  /** This browser's session on the server. `none`: there was no live one any more. */
  readonly session: 'ended' | 'none' | 'kept';
  /** The user's sessions in other browsers; `undefined` when they were not meant. */
  readonly others: 'ended' | 'kept' | undefined;
  /** `asked`: the browser went to the provider's sign-out. `left`: on purpose, or the provider has none. */
  readonly provider: 'asked' | 'left' | 'unreached';
  /** Epoch seconds: by then a session that was kept has expired. */
  readonly until?: number;
}

/** What was left undone, in words for programs. */
export function notDone({ session, others, provider }: SignOutNotice): readonly string[] {
  return [
    ...(session === 'kept' ? ['session'] : []),
    ...(others === 'kept' ? ['everywhere'] : []),
    ...(provider === 'unreached' ? ['provider'] : []),
  ];
}

/** A notice as it came back in its cookie, or `undefined` for anything else. */
export function parseSignOutNotice(content: unknown): SignOutNotice | undefined {
  if (!isObject(content)) return undefined;
  const session = oneOf(['ended', 'none', 'kept'], content['session']);
  const others = oneOf(['ended', 'kept'], content['others']);
  const provider = oneOf(['asked', 'left', 'unreached'], content['provider']);
  const { until } = content;
  if (session === undefined || provider === undefined) return undefined;
  if (others === undefined && content['others'] !== undefined) return undefined;
  if (until === undefined) return { session, others, provider };
  const isTime = typeof until === 'number' && Number.isSafeInteger(until) && Math.abs(until) < 1e11;
  return isTime ? { session, others, provider, until } : undefined;
}

function oneOf<const Known extends string>(
  known: readonly Known[],
  value: unknown,
): Known | undefined {
  return known.find((one) => one === value);
}
