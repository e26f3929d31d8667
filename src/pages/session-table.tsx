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
