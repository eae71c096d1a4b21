/** What stands behind the routes: the issuers with their keys, and the last reload of the file. */
import type { RouteTable } from '../../api/routes';
import { Table } from '../parts/table';
import { Time } from '../parts/time';
import { durationText, numberText } from '../words';

const COLUMNS = ['Issuer', 'Keys', 'Fetched', 'State'].map((heading) => ({
  heading,
  isNumber: heading === 'Keys',
}));

/** The issuers. */
export function Issuers({ issuers }: Pick<RouteTable, 'issuers'>) {
  if (issuers.length === 0) return null;
  const rows = issuers.map(({ name, keys, age_s, error }) => ({
    key: name,
    cells: [
      name,
      numberText(keys),
      age_s === null ? <span class="soft">–</span> : `${durationText(age_s)} ago`,
      error === null ? (
        <span class="state admitted">fine</span>
      ) : (
        <span class="state refused">cannot be fetched: {error}</span>
      ),
    ],
  }));
  return (
    <section class="part">
      <h2>Issuers</h2>
      <Table label="Issuers" columns={COLUMNS} rows={rows} />
    </section>
  );
}

/** The last reload, with its errors. */
export function LastReload({ reload }: Pick<RouteTable, 'reload'>) {
  if (!reload) return null;
  if (reload.ok)
    return (
      <p class="soft small">
        The file was last reloaded <Time at={reload.at} />.
      </p>
    );
  return (
    <div class="notice bad" role="status">
      <p>
        <strong>The last reload failed</strong> <Time at={reload.at} />. The gateway continues with the file
        before.
      </p>
      <ul class="lines">
        {reload.errors.map((error) => (
          <li key={error}>
            <code>{error}</code>
          </li>
        ))}
      </ul>
    </div>
  );
}
