import type { ComponentChildren } from 'preact';

interface SessionTableProps {
  /** The name of the table for screen readers. */
  readonly label: string;
  /** The headings of the columns. */
  readonly columns: readonly string[];
  /** Rows of `Cell`s, in the order of the columns. */
  readonly children: ComponentChildren;
}

/** A list of sessions. On a phone each row is a card. The roles are written out, because `display: block` removes a table's own. */
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
  /** The heading of the column. On a phone it stands before the cell. */
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

/** Says on a list how many sessions have just ended, to screen readers too. */
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

/** A date and time for people. It is in UTC, because the server does not know the reader's time zone. */
export function Time({ seconds }: TimeProps) {
  const date = new Date(seconds * 1000);
  return <time dateTime={date.toISOString()}>{`${absolute.format(date)} UTC`}</time>;
}

/** The distance from now to a time, and below it the time itself. */
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

/** `12 minutes ago`, `in 3 hours`: a number of the largest unit that fits, rounded. Negative seconds are in the past. */
export function describeDistance(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  if (minutes === 0) return seconds > 0 ? 'in a moment' : 'just now';
  if (Math.abs(minutes) < 60) return relative.format(minutes, 'minute');
  const hours = Math.round(seconds / 3600);
  return Math.abs(hours) < 48
    ? relative.format(hours, 'hour')
    : relative.format(Math.round(seconds / 86_400), 'day');
}

/** `12 hours`, `30 minutes`, `45 seconds`: a number of one unit, rounded. */
export function describeDuration(seconds: number): string {
  const unit = seconds < 120 ? 'second' : seconds < 7200 ? 'minute' : 'hour';
  const size = { second: 1, minute: 60, hour: 3600 }[unit];
  const style = { style: 'unit', unit, unitDisplay: 'long' } as const;
  return new Intl.NumberFormat('en', style).format(Math.round(seconds / size));
}
