/** The figures of a chart as a table that only screen readers show: a row for each twelfth of the range. */
import { exactText, numberText } from '../words';

const ROWS = 12;

export interface HiddenColumn {
  readonly name: string;
  readonly values: readonly (number | null)[];
  /** Whether a row has the sum of its values; otherwise it has the last one. */
  readonly isSum?: boolean;
}

/** Draws the table. */
export function HiddenTable(props: {
  readonly label: string;
  readonly times: readonly number[];
  readonly columns: readonly HiddenColumn[];
}) {
  const { label, times, columns } = props;
  const size = Math.max(1, Math.ceil(times.length / ROWS));
  const starts = times.map((_, at) => at).filter((at) => at % size === 0);
  return (
    <div class="visually-hidden">
      <table>
        <caption>{label}</caption>
        <thead>
          <tr>
            <th scope="col">From</th>
            {columns.map(({ name }) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {starts.map((start) => (
            <tr key={start}>
              <th scope="row">{exactText(times[start] ?? 0).slice(11, 16)}</th>
              {columns.map((column) => (
                <td key={column.name}>{numberText(valueOf(column, start, size))}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function valueOf({ values, isSum = false }: HiddenColumn, start: number, size: number): number | null {
  const part = values.slice(start, start + size);
  if (isSum) return part.reduce<number>((sum, value) => sum + (value ?? 0), 0);
  return part.findLast((value) => value !== null) ?? null;
}
