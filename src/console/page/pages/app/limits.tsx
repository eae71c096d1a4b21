/** The section with how much of its limits an application has used. */
import type { AppLimits, EndpointLimits } from '../../../api/apps';
import { useLoaded } from '../../load';
import { LimitBars } from '../../parts/limit-bars';
import { LoadedView } from '../../parts/states';

const EVERY_MS = 10_000;

/** Shows each endpoint with its limits. */
export function Limits({ path, title = 'Limits' }: { readonly path: string; readonly title?: string }) {
  const loaded = useLoaded<AppLimits>(`${path}/limits`, EVERY_MS);
  return (
    <section class="card" aria-labelledby="limits">
      <h2 id="limits">{title}</h2>
      <LoadedView loaded={loaded}>{({ endpoints }) => <LimitList endpoints={endpoints} />}</LoadedView>
    </section>
  );
}

function LimitList({ endpoints }: { readonly endpoints: readonly EndpointLimits[] }) {
  const limited = endpoints.filter(({ limits }) => limits.length > 0);
  if (limited.length === 0) return <p class="soft">No endpoint that its scopes open has a limit.</p>;
  return <LimitBars endpoints={limited} />;
}
