/** Tables. On a narrow screen each row is a card, with the heading of each cell beside it. */
import type { ComponentChildren } from 'preact';

export interface Column {
  readonly heading: string;
  /** Whether its cells are numbers, at the right. */
  readonly isNumber?: boolean;
  /** Draws the heading, where it is more than a text. */
  readonly head?: ComponentChildren;
  /** Makes the heading a button that sorts by this column. */
  readonly onSort?: () => void;
  /** How the rows are sorted by this column now. */
  readonly sorted?: 'ascending' | 'descending' | undefined;
}

export interface Row {
  readonly key: string;
  readonly cells: readonly ComponentChildren[];
  readonly isMarked?: boolean;
}

/** Draws a table. Each row has one cell for each column; the first cell names the row. */
export function Table(props: {
  readonly label: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}) {
  const { label, columns, rows } = props;
  return (
    <div class="table-frame" role="region" aria-label={label} tabIndex={0}>
      <table aria-label={label} class={columns.some(({ onSort }) => onSort) ? 'sortable' : undefined}>
        <thead>
          <tr>
            {columns.map((column) => (
              <Heading key={column.heading} column={column} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, cells, isMarked }) => (
            <tr key={key} class={isMarked ? 'marked' : undefined}>
              {cells.map((cell, at) => (
                <td
                  key={columns[at]?.heading ?? at}
                  class={columns[at]?.isNumber ? 'number' : undefined}
                  data-heading={columns[at]?.heading}
                >
                  <div>{cell}</div>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Heading({ column }: { readonly column: Column }) {
  const { heading, head = heading, isNumber, onSort, sorted } = column;
  return (
    <th scope="col" class={isNumber ? 'number' : undefined} aria-sort={onSort && (sorted ?? 'none')}>
      {onSort ? (
        <button type="button" class="sort" onClick={onSort}>
          {head}
          <span aria-hidden="true">{sorted === undefined ? '' : sorted === 'ascending' ? ' ↑' : ' ↓'}</span>
        </button>
      ) : (
        head
      )}
    </th>
  );
}
