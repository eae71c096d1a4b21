/** What the gateway says of a token: the checks, the routes that it opens, and the limits of its app. */
import type { DebuggedToken, OpenedRoute } from '../../api/token';
import { Checks, ResultSign } from '../parts/checks';
import { LimitBars } from '../parts/limit-bars';
import { Inline } from '../parts/name';
import { Scopes } from '../parts/scopes';
import { Table, type Row } from '../parts/table';

const MOST_SCOPES = 12;

/** The verdict and each check. */
export function TokenChecks({ token }: { readonly token: DebuggedToken }) {
  const { accepted, issuer, app, scopes, checks } = token;
  return (
    <section class="card">
      <h2>
        <span class={`state ${accepted ? 'admitted' : 'refused'}`} role="status">
          {accepted ? 'The gateway accepts this token' : 'The gateway refuses this token'}
        </span>
      </h2>
      {accepted && (
        <dl class="definitions">
          {issuer !== null && <dt>Issuer</dt>}
          {issuer !== null && <dd>{issuer}</dd>}
          {app !== null && <dt>App</dt>}
          {app !== null && (
            <dd>
              <code>
                <Inline text={app} />
              </code>
            </dd>
          )}
          <dt>Scopes</dt>
          <dd>{scopes.length === 0 ? 'none' : <Scopes scopes={scopes} most={MOST_SCOPES} />}</dd>
        </dl>
      )}
      <Checks checks={checks} />
    </section>
  );
}

const COLUMNS = ['Route', 'Access', 'Reason', 'Line'].map((heading) => ({
  heading,
  isNumber: heading === 'Line',
}));

/** The routes, with the reason for each that is closed. */
export function OpenedRoutes({ opens }: { readonly opens: readonly OpenedRoute[] }) {
  const count = opens.filter(({ open }) => open).length;
  return (
    <section class="part">
      <h2>
        What it opens{' '}
        <span class="soft small">
          {count} of {opens.length} {opens.length === 1 ? 'route' : 'routes'}
        </span>
      </h2>
      <Table label="What the token opens" columns={COLUMNS} rows={opens.map(rowOf)} />
    </section>
  );
}

function rowOf({ route, host, line, open, reason }: OpenedRoute, at: number): Row {
  return {
    key: String(at),
    cells: [
      <>
        <code>{route}</code>
        {host !== null && <div class="soft small">at {host}</div>}
      </>,
      <span class="nowrap">
        <ResultSign result={open ? 'passed' : 'failed'} /> {open ? 'open' : 'closed'}
      </span>,
      reason ?? <span class="soft">–</span>,
      line,
    ],
  };
}

function OfApp({ app }: { readonly app: string }) {
  return (
    <span class="soft small">
      of <Inline text={app} />
    </span>
  );
}

/** The limits of the token's app. */
export function TokenLimits({ limits, app }: Pick<DebuggedToken, 'limits' | 'app'>) {
  if (limits.length === 0) return null;
  return (
    <section class="card">
      <h2>Limits {app !== null && <OfApp app={app} />}</h2>
      <LimitBars endpoints={limits} />
    </section>
  );
}
