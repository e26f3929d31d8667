import type { ComponentChildren } from 'preact';

interface SessionTableProps {
  /** What the table is called aloud. */
  readonly label: string;
  /** Text of each column's head. */
  readonly columns: readonly string[];
  /** Rows made of `Cell`s, in the order of the columns. */
  readonly children: ComponentChildren;
}

/** A list of sessions. On a phone each row becomes a card; roles are spelt out, since `display` takes a table's own away. */
export function SessionTable({ label, columns, children }: SessionTableProps) {
  return (
    <table role="table" aria-label={label}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((text) => (
            <th role="columnheader" scope="col" key={text}>
              {text}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">{children}</tbody>
    </table>
  );
}

interface CellProps {
  /** Stands before the cell where the table's head cannot be seen. */
  readonly label: string;
  readonly children: ComponentChildren;
}

/** One cell of a session's row. */
export function Cell({ label, children }: CellProps) {
  return (
    <td role="cell" data-label={label}>
      {children}
    </td>
  );
}

interface EndNoticeProps {
  /** How many sessions the last request ended; `undefined` when it ended none. */
  readonly count: number | undefined;
}

/** Says on a list what was done a moment ago, also to a screen reader. */
export function EndNotice({ count }: EndNoticeProps) {
  if (count === undefined) return null;
  return (
    <p class="act" role="status">
      {count === 1 ? '1 session has ended.' : `${count} sessions have ended.`}
    </p>
  );
}

const absolute = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'medium',
  timeStyle: 'short',
  timeZone: 'UTC',
});
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always' });

interface TimeProps {
  /** Epoch seconds. */
  readonly seconds: number;
}

/** A moment as a person reads it, in UTC since the server does not know where the reader is. */
export function Time({ seconds }: TimeProps) {
  const date = new Date(seconds * 1000);
  return <time dateTime={date.toISOString()}>{`${absolute.format(date)} UTC`}</time>;
}

/** How long ago or ahead a moment is, and below it the moment itself. */
export function Moment({ seconds, now }: TimeProps & { readonly now: number }) {
  return (
    <span class="moment">
      {describeDistance(seconds - now)}{' '}
      <span class="soft">
        <Time seconds={seconds} />
      </span>
    </span>
  );
}

/** `12 minutes ago`, `in 3 hours`; whole units, the largest that fits. */
export function describeDistance(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  if (minutes === 0) return seconds > 0 ? 'in a moment' : 'just now';
  if (Math.abs(minutes) < 60) return relative.format(minutes, 'minute');
  const hours = Math.round(seconds / 3600);
  return Math.abs(hours) < 48
    ? relative.format(hours, 'hour')
    : relative.format(Math.round(seconds / 86_400), 'day');
}

/** `12 hours`, `30 minutes`, `45 seconds`; the largest unit that fits whole or nearly so. */
export function describeDuration(seconds: number): string {
  const unit = seconds < 120 ? 'second' : seconds < 7200 ? 'minute' : 'hour';
  const size = { second: 1, minute: 60, hour: 3600 }[unit];
  const style = { style: 'unit', unit, unitDisplay: 'long' } as const;
  return new Intl.NumberFormat('en', style).format(Math.round(seconds / size));
}
