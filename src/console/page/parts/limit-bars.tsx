/** Limits as bars: how much of each is used, and when it resets. */
import type { EndpointLimits, LimitUse } from '../../api/apps';
import { durationText, numberText } from '../words';
import { Time } from './time';

/** Draws the limits of each endpoint. */
export function LimitBars({ endpoints }: { readonly endpoints: readonly EndpointLimits[] }) {
  return (
    <ul class="limit-bars">
      {endpoints.map(({ endpoint, limits }) => (
        <li key={endpoint}>
          <code>{endpoint}</code>
          {limits.map((limit, at) => (
            <LimitBar key={at} endpoint={endpoint} limit={limit} />
          ))}
        </li>
      ))}
    </ul>
  );
}

function LimitBar({ endpoint, limit }: { readonly endpoint: string; readonly limit: LimitUse }) {
  const { name, by, limit: most, window_s, used, remaining, reset } = limit;
  const isFull = remaining <= 0;
  const width = most === 0 ? 100 : Math.min(100, (100 * used) / most);
  return (
    <div class="limit-bar">
      <div class="row small">
        <span>
          {name !== null && <strong>{name} </strong>}
          {numberText(most)} in {durationText(window_s)}, {COUNTED[by]}
        </span>
        <span class="limit-use">
          {isFull && <span class="state limited">Exhausted</span>}
          <span>
            {numberText(used)} of {numberText(most)} used
          </span>
          {used > 0 && (
            <span class="soft">
              resets <Time at={reset} />
            </span>
          )}
        </span>
      </div>
      <div
        class={isFull ? 'meter full' : 'meter'}
        role="meter"
        aria-label={`${endpoint}: ${numberText(used)} of ${numberText(most)} used`}
        aria-valuemin={0}
        aria-valuemax={most}
        aria-valuenow={Math.min(used, most)}
      >
        <span style={{ width: `${width}%` }} />
      </div>
    </div>
  );
}

const COUNTED = { app: 'for each app', ip: 'for each address', route: 'for all callers' } as const;
