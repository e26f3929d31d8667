import type { ComponentChildren } from 'preact';
import { useLanguage, useTexts } from './layout';

interface SessionTableProps {
  /** The name of the table for screen readers. */
  readonly label: string;
  /** The headings of the columns. The column of the buttons comes after them, and its heading is for screen readers. */
  readonly columns: readonly string[];
  /** False for a table without a column of buttons. In a narrow window each of its cells then has the whole width. */
  readonly hasAction?: boolean;
  /** `Rows`, with cells in the order of the columns. */
  readonly children: ComponentChildren;
}

/**
 * A list of sessions or events. In a narrow window each `Rows` is a card. The roles are written out, because `display: block` removes a
 * table's own.
 */
export function SessionTable({ label, columns, hasAction = true, children }: SessionTableProps) {
  return (
    <table role="table" aria-label={label} class={hasAction ? undefined : 'flat'}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((text) => (
            <th role="columnheader" scope="col" key={text}>
              {text}
            </th>
          ))}
          {hasAction ? <ActionHeader /> : null}
        </tr>
      </thead>
      {children}
    </table>
  );
}

function ActionHeader() {
  return (
    <th role="columnheader" scope="col">
      <span class="unseen">{useTexts().lists.action}</span>
    </th>
  );
}

/** Rows that belong together. */
export function Rows({ children }: { readonly children: ComponentChildren }) {
  return <tbody role="rowgroup">{children}</tbody>;
}

interface HeaderCellProps {
  /** How many rows it is the header of. */
  readonly rows?: number;
  readonly children: ComponentChildren;
}

/** The header of a row, or of several. */
export function HeaderCell({ rows = 1, children }: HeaderCellProps) {
  return rows === 1 ? (
    <th role="rowheader" scope="row">
      {children}
    </th>
  ) : (
    <th role="rowheader" scope="rowgroup" rowSpan={rows}>
      {children}
    </th>
  );
}

interface CellProps {
  /** The heading of the column, if the cell does not say by itself what it is. In a narrow window it stands before the cell. */
  readonly label?: string;
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

interface TimeProps {
  /** Epoch seconds. */
  readonly seconds: number;
}

/** A date and time for people, in the language of the page. */
export function Time({ seconds }: TimeProps) {
  const { dateTime } = useLanguage();
  return <time dateTime={new Date(seconds * 1000).toISOString()}>{dateTime(seconds)}</time>;
}

interface MomentProps extends TimeProps {
  /** Epoch seconds. */
  readonly now: number;
}

/** The distance from now to a time. The time itself is in the tooltip, and on a touch screen below the distance. */
export function Moment({ seconds, now }: MomentProps) {
  const { dateTime, distance } = useLanguage();
  return (
    <time dateTime={new Date(seconds * 1000).toISOString()} title={dateTime(seconds)}>
      {distance(seconds - now)}
    </time>
  );
}

/** Which sessions the last request ended. */
export interface Ended {
  readonly count: number;
  /** Whose they were. `undefined` for the reader's own. */
  readonly name?: string | undefined;
}

interface EndNoticeProps {
  /** `undefined` when the last request ended none. */
  readonly ended: Ended | undefined;
}

/** Says on a list which sessions have just ended. The focus comes here, so that a screen reader says it too. */
export function EndNotice({ ended }: EndNoticeProps) {
  const { lists } = useTexts();
  if (ended === undefined) return null;
  const { count, name } = ended;
  return (
    <p class="act done" tabIndex={-1} autofocus>
      {name === undefined ? lists.ended(count) : lists.endedOf(count, <bdi>{name}</bdi>)}
    </p>
  );
}

/** The title of a list: what has just ended, else its usual title. */
export function useListTitle(usual: string, ended: Ended | undefined): string {
  const { lists } = useTexts();
  if (ended === undefined) return usual;
  const { count, name } = ended;
  return name === undefined ? lists.ended(count) : lists.endedOf(count, name).join('');
}
