/** The overview: four figures, and what needs attention. */
import { useEffect, useState } from 'preact/hooks';
import type { AppSummary } from '../../api/apps';
import type { Attention, Figure, Overview } from '../../api/session';
import { useLoaded } from '../load';
import { Name } from '../parts/name';
import { Page } from '../parts/page';
import { Sparkline } from '../parts/sparkline';
import { LoadedView } from '../parts/states';
import { Time } from '../parts/time';
import { linkTo } from '../router';
import { RequestLines } from '../sample/request-lines';
import { SampleSection } from '../sample/sample-app';
import { useSession } from '../session';
import { numberText } from '../words';

const EVERY_MS = 5000;
/** With the sample of the demo, whose lines one pastes beside it. */
const SAMPLE_EVERY_MS = 1500;
const APPS_EVERY_MS = 15_000;
const MOST_APPS = 5;

/** Shows how the gateway is doing. */
export function OverviewPage() {
  const [everyMs, setEveryMs] = useState(EVERY_MS);
  const loaded = useLoaded<Overview>('overview', everyMs);
  const hasSample = loaded.data?.has_sample ?? false;
  useEffect(() => setEveryMs(hasSample ? SAMPLE_EVERY_MS : EVERY_MS), [hasSample]);
  return (
    <Page title="Overview">
      <LoadedView loaded={loaded}>
        {({ figures, attention, empty, first_requests: requests }) => (
          <>
            {empty && !hasSample ? <FirstRequests requests={requests} /> : <Figures figures={figures} />}
            {hasSample && <SampleSection />}
            <NeedsAttention attention={attention} />
            <NewestApps />
          </>
        )}
      </LoadedView>
    </Page>
  );
}

function Figures({ figures }: Pick<Overview, 'figures'>) {
  const { requests_per_s, refused_percent, p99_ms, apps_active } = figures;
  return (
    <div class="figures">
      <FigureCard name="Requests" unit="/s" digits={digitsOf(requests_per_s)} figure={requests_per_s} />
      <FigureCard name="Refused" unit="%" digits={1} figure={refused_percent} />
      <FigureCard name="p99 latency" unit="ms" digits={digitsOf(p99_ms)} figure={p99_ms} />
      <FigureCard name="Apps active" unit="" digits={0} figure={apps_active} />
    </div>
  );
}

function FigureCard(props: {
  readonly name: string;
  readonly unit: string;
  readonly digits: number;
  readonly figure: Figure;
}) {
  const { name, unit, digits, figure } = props;
  return (
    <section class="card" aria-label={name}>
      <h2 class="figure-name">{name}</h2>
      <p>
        <span class="figure-value">{numberText(figure.value, digits)}</span>
        {figure.value !== null && unit !== '' && <span class="soft"> {unit}</span>}
      </p>
      <Sparkline values={figure.series} />
      <p class="soft small">last hour</p>
    </section>
  );
}

/** Small figures need a digit more. */
function digitsOf({ value }: Figure): number {
  if (value === null || value >= 100) return 0;
  return value > 0 && value < 1 ? 2 : 1;
}

function NeedsAttention({ attention }: Pick<Overview, 'attention'>) {
  const { kind } = useSession();
  return (
    <section class="card" aria-labelledby="needs-attention">
      <h2 id="needs-attention">Needs attention</h2>
      {attention.length === 0 ? (
        <p>
          <span class="state admitted">Nothing.</span>{' '}
          <span class="soft">
            {kind === 'administrator'
              ? 'Issuers, upstreams and the last reload are fine, and no app is held at its limit.'
              : 'No app of yours is held at its limit.'}
          </span>
        </p>
      ) : (
        <ul class="attention">
          {attention.map((each) => (
            <Fault key={`${each.kind} ${each.text}`} fault={each} />
          ))}
        </ul>
      )}
    </section>
  );
}

const KINDS = {
  issuer: ['refused', 'Issuer'],
  target: ['refused', 'Target'],
  reload: ['refused', 'Reload'],
  redis: ['refused', 'Redis'],
  registry: ['refused', 'Registry'],
  limit: ['limited', 'Limit'],
} as const;

function Fault({ fault: { kind, text, since, link } }: { readonly fault: Attention }) {
  const [color, word] = KINDS[kind];
  return (
    <li>
      <span class="fault">
        <span class={`state ${color}`}>{word}</span> {link === null ? text : <a href={`#${link}`}>{text}</a>}
      </span>
      {since !== null && (
        <span class="soft nowrap">
          <Time at={since} />
        </span>
      )}
    </li>
  );
}

/** The newest apps, from which the pages of an app are a step away; nothing where there are none. */
function NewestApps() {
  const { has_token_service } = useSession();
  const { data } = useLoaded<{ readonly apps: readonly AppSummary[] }>(
    has_token_service ? 'apps' : undefined,
    APPS_EVERY_MS,
  );
  const apps = [...(data?.apps ?? [])].sort((one, other) => other.created_at - one.created_at);
  if (apps.length === 0) return null;
  return (
    <section class="card" aria-labelledby="newest-apps">
      <h2 id="newest-apps">Newest apps</h2>
      <ul class="attention">
        {apps.slice(0, MOST_APPS).map(({ key, name, last_used_at: usedAt }) => (
          <li key={key}>
            <a href={linkTo('apps', key)}>
              <Name text={name} />
            </a>
            <span class="soft nowrap">{usedAt === null ? 'never used' : <Used at={usedAt} />}</span>
          </li>
        ))}
      </ul>
      <p>
        <a class="button small" href={linkTo('debugger')}>
          Debug a token
        </a>
      </p>
    </section>
  );
}

function Used({ at }: { readonly at: number }) {
  return (
    <>
      used <Time at={at} />
    </>
  );
}

function FirstRequests({ requests }: { readonly requests: Overview['first_requests'] }) {
  return (
    <section class="card">
      <h2>No requests yet</h2>
      <p>This page fills with the first requests. Send some from a terminal:</p>
      <RequestLines requests={requests} />
    </section>
  );
}
