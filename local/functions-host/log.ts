import { styleText } from 'node:util';
import type { LogLevel } from './rpc';

/** Writes one line, or one block, of the log. */
export type Log = (level: LogLevel, message: string) => void;

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
 * the message. Lines below `atLeast` are left out. On a terminal (`colours`) errors are red and
 * warnings yellow, there too.
 */
export function createLog(parts: {
  readonly write: (text: string) => void;
  readonly clock: () => Date;
  readonly atLeast: LogLevel;
  readonly colours: boolean;
}): Log {
  return (level, message) => {
    if (ranks[level] < ranks[parts.atLeast]) {
      return;
    }
    const name = level === 'information' ? '' : `${level}: `;
    const style = parts.colours ? styles[level] : undefined;
    const text = `${name}${withoutControls(message)}`;
    const shown = style === undefined ? text : styleText(style, text, { validateStream: false });
    parts.write(`[${parts.clock().toISOString()}] ${shown}\n`);
  };
}

// A message may carry what a client sent: escape sequences must not reach the terminal.
function withoutControls(message: string): string {
  return message.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (character) =>
    character === '\r' ? '' : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
