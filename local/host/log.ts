import { styleText } from 'node:util';

/** How bad a line of the log is. */
export type LogLevel =
  'trace' | 'debug' | 'information' | 'warning' | 'error' | 'critical' | 'none';

/** The log of the host. */
export interface Log {
  /** Writes one line, or one block, unless `logging.logLevel` leaves out this level of this category. */
  (level: LogLevel, category: string, message: string): void;
  /** Writes what a person must see at the start, whatever the levels: `func` prints it beside the log. */
  say(message: string): void;
}

/**
 * The categories that this host writes, named as in Azure. There they decide what reaches Application Insights.
 * https://learn.microsoft.com/azure/azure-functions/configure-monitoring#configure-categories
 */
export const logCategory = {
  /** What the app writes to the console of its process. */
  console: 'Host.Function.Console',
  general: 'Host.General',
  /** One line for each request and each run of a timer. */
  results: 'Host.Results',
  startup: 'Host.Startup',
  worker: 'Worker',
  /** What the host says of a function. */
  function: (name: string) => `Function.${name}`,
  /** What a function logs itself. */
  user: (name: string) => `Function.${name}.User`,
} as const;

const ranks: Record<LogLevel, number> = {
  trace: 0,
  debug: 1,
  information: 2,
  warning: 3,
  error: 4,
  critical: 5,
  none: 6,
};

const styles = {
  trace: 'gray',
  debug: 'gray',
  information: undefined,
  warning: 'yellow',
  error: 'red',
  critical: 'red',
  none: undefined,
} as const satisfies Record<LogLevel, Parameters<typeof styleText>[0] | undefined>;

/**
 * A log for people, as `func start` writes it: the time, the level where it is not the usual one,
 * the message. Lines below the least level of their category are left out. On a terminal (`colours`)
 * errors are red and warnings yellow, there too.
 */
export function createLog(parts: {
  readonly write: (text: string) => void;
  readonly clock: () => Date;
  /** The least level that is written, by category: `leastLevel` of host.json. */
  readonly atLeast: (category: string) => LogLevel;
  readonly colours: boolean;
}): Log {
  const write = (level: LogLevel, message: string): void => {
    const name = level === 'information' ? '' : `${level}: `;
    const style = parts.colours ? styles[level] : undefined;
    const text = `${name}${withoutControls(message)}`;
    const shown = style === undefined ? text : styleText(style, text, { validateStream: false });
    parts.write(`[${parts.clock().toISOString()}] ${shown}\n`);
  };
  const log = (level: LogLevel, category: string, message: string): void => {
    if (level !== 'none' && ranks[level] >= ranks[parts.atLeast(category)]) {
      write(level, message);
    }
  };
  return Object.assign(log, {
    say: (message: string) => {
      write('information', message);
    },
  });
}

/**
 * The least level of a category by the rules of `logging.logLevel`, as .NET chooses it: the rule with the longest
 * name that begins the category decides, without regard to case; then `default`; then `information`.
 * https://learn.microsoft.com/dotnet/core/extensions/logging#how-filtering-rules-are-applied
 */
export function leastLevel(rules: Readonly<Record<string, LogLevel>>, category: string): LogLevel {
  const [longest] = Object.entries(rules)
    .filter(([prefix]) => category.toLowerCase().startsWith(prefix.toLowerCase()))
    .sort(([a], [b]) => b.length - a.length);
  const fallback = Object.entries(rules).find(([name]) => name.toLowerCase() === 'default');
  return longest?.[1] ?? fallback?.[1] ?? 'information';
}

// A message may carry what a client sent: escape sequences must not reach the terminal.
function withoutControls(message: string): string {
  return message.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (character) =>
    character === '\r' ? '' : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
