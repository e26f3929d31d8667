import type { ComponentChildren } from 'preact';
import { useLanguage } from './layout';

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

interface TimeProps {
  /** Epoch seconds. */
  readonly seconds: number;
}

/** A date and time for people, in the language of the page. */
export function Time({ seconds }: TimeProps) {
  const { dateTime } = useLanguage();
  return <time dateTime={new Date(seconds * 1000).toISOString()}>{dateTime(seconds)}</time>;
}

/** The distance from now to a time, and below it the time itself. */
export function Moment({ seconds, now }: TimeProps & { readonly now: number }) {
  return (
    <span class="moment">
      {useLanguage().distance(seconds - now)}{' '}
      <span class="soft">
        <Time seconds={seconds} />
      </span>
    </span>
  );
}
