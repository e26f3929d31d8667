import { styleText } from 'node:util';

/** The host's last line while it starts, before the address. The stack waits for it, so that its own last lines come after it. */
export const readyLine = 'The app is ready at';

/** The level of a line of the log. */
export type LogLevel =
  'trace' | 'debug' | 'information' | 'warning' | 'error' | 'critical' | 'none';

/** The log of the host. */
export interface Log {
  /** Writes a message, unless `logging.logLevel` leaves out this level of this category. */
  (level: LogLevel, category: string, message: string): void;
  /** Writes what a person must see at the start. The levels do not matter: `func` prints it beside the log. */
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
 * A log for people, like that of `func start`: the time, the level unless it is information, the message. Lines below the
 * lowest level of their category are left out. On a terminal (`colours`) errors are red and warnings yellow.
 */
export function createLog(options: {
  readonly write: (text: string) => void;
  readonly clock: () => Date;
  /** The lowest level that is written, by category: `minLevel` of host.json. */
  readonly minLevelOf: (category: string) => LogLevel;
  readonly colours: boolean;
}): Log {
  const write = (level: LogLevel, message: string): void => {
    const name = level === 'information' ? '' : `${level}: `;
    const style = options.colours ? styles[level] : undefined;
    const text = `${name}${withoutControls(message)}`;
    const shown = style === undefined ? text : styleText(style, text, { validateStream: false });
    options.write(`[${options.clock().toISOString()}] ${shown}\n`);
  };
  const log = (level: LogLevel, category: string, message: string): void => {
    if (level !== 'none' && ranks[level] >= ranks[options.minLevelOf(category)]) {
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
 * The lowest level of a category that is written, by the rules of `logging.logLevel`. As in .NET, the rule with the longest
 * name that the category begins with decides; case does not matter. Without such a rule it is `default`, else `information`.
 * https://learn.microsoft.com/dotnet/core/extensions/logging#how-filtering-rules-are-applied
 */
export function minLevel(rules: Readonly<Record<string, LogLevel>>, category: string): LogLevel {
  const [longest] = Object.entries(rules)
    .filter(([prefix]) => category.toLowerCase().startsWith(prefix.toLowerCase()))
    .sort(([a], [b]) => b.length - a.length);
  const fallback = Object.entries(rules).find(([name]) => name.toLowerCase() === 'default');
  return longest?.[1] ?? fallback?.[1] ?? 'information';
}

// A message may have text that a client sent. Escape sequences must not reach the terminal.
function withoutControls(message: string): string {
  return message.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (character) =>
    character === '\r' ? '' : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
