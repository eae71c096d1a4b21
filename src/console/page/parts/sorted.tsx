/** Sorting the rows of a table by a click on a heading. */
import { useState } from 'preact/hooks';
import type { Column } from './table';

/** A column, and the value by which it sorts. A value that is not known comes last. */
export interface SortColumn<T> {
  readonly heading: string;
  readonly isNumber?: boolean;
  readonly value: (item: T) => number | string | null;
}

/** Returns the columns with their buttons, and the items in their order. Numbers begin with the largest. */
export function useSorted<T>(
  items: readonly T[],
  columns: readonly SortColumn<T>[],
  first: string,
): { readonly columns: readonly Column[]; readonly items: readonly T[] } {
  const [{ by, isDown }, setOrder] = useState({ by: first, isDown: true });
  const chosen = columns.find(({ heading }) => heading === by);
  const compare = (one: T, other: T): number => {
    const [a, b] = [chosen?.value(one) ?? null, chosen?.value(other) ?? null];
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    const order = typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
    return isDown ? -order : order;
  };
  return {
    items: [...items].sort(compare),
    columns: columns.map(({ heading, isNumber = false }) => ({
      heading,
      isNumber,
      onSort: () =>
        setOrder((before) => ({ by: heading, isDown: before.by === heading ? !before.isDown : isNumber })),
      sorted: heading === by ? (isDown ? 'descending' : 'ascending') : undefined,
    })),
  };
}
