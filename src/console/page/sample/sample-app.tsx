/** The sample application of the demo on the first page: a token of it, lines that use it, and the traffic they make. */
import { useEffect, useRef } from 'preact/hooks';
import type { Sample } from '../../api/sample';
import type { Traffic } from '../../api/traffic';
import { TokenPart } from '../debugger/claims';
import { splitToken } from '../debugger/decode';
import { ColouredToken } from '../debugger/token-editor';
import { useDebugged } from '../debugger/use-debugged';
import { useLoaded } from '../load';
import { ActivityView } from '../pages/app/activity';
import { CopyButton, CopyLine } from '../parts/copy';
import { Name } from '../parts/name';
import { linkTo } from '../router';
import { openInDebugger } from '../token-handover';
import { RequestLines } from './request-lines';

/** The token is renewed long before it ends. */
const SAMPLE_EVERY_MS = 5000;
/** What one pastes into a terminal is seen here at once. */
const TRAFFIC_EVERY_MS = 1000;

/** Shows the application; nothing while it is not there. */
export function SampleSection() {
  const { data } = useLoaded<Sample>('sample', SAMPLE_EVERY_MS);
  if (!data) return null;
  return (
    <div class="sample">
      <div class="sample-column">
        <SampleCard sample={data} />
        {data.token !== null && <SampleToken token={data.token} state={data.state} />}
      </div>
      <div class="sample-column">
        <section class="card" aria-labelledby="sample-lines">
          <h2 id="sample-lines">Paste a line into a terminal</h2>
          <RequestLines requests={data.requests} isShort />
        </section>
        <LiveTraffic sample={data} />
      </div>
    </div>
  );
}

function SampleCard({ sample: { name, organization, app, state } }: { readonly sample: Sample }) {
  return (
    <section class="card" aria-labelledby="sample-app">
      <h2 id="sample-app">
        {state === 'registered' ? (
          <a href={linkTo('apps', app)}>
            <Name text={name} />
          </a>
        ) : (
          <Name text={name} />
        )}
      </h2>
      <p class="soft">The demo has made this application for you.</p>
      <dl class="definitions">
        <dt>Organization</dt>
        <dd>{organization}</dd>
        <dt>{state === 'foreign' ? 'Id' : 'Key'}</dt>
        <dd>
          <CopyLine text={app} label={state === 'foreign' ? 'id' : 'key'} />
        </dd>
      </dl>
      {state === 'deleted' && (
        <p class="notice warn" role="status">
          This application was deleted, so its tokens are refused. The demo makes a new one when it starts
          again.
        </p>
      )}
    </section>
  );
}

function SampleToken({ token, state }: { readonly token: string; readonly state: Sample['state'] }) {
  const { data, reload } = useDebugged(token);
  const checked = useRef(state);
  useEffect(() => {
    // A token of an application that is deleted meanwhile is refused.
    if (checked.current !== state) reload();
    checked.current = state;
  }, [state, reload]);
  const [, payload = ''] = splitToken(token).parts;
  const count = data?.opens.filter(({ open }) => open).length ?? 0;
  return (
    <section class="card" aria-labelledby="sample-token">
      <div class="section-head">
        <h2 id="sample-token">Its token</h2>
        <CopyButton text={token} label="token" />
      </div>
      <pre class="token-text" tabIndex={0} aria-label="Token">
        <ColouredToken text={token} />
      </pre>
      <p class="sample-verdict" role="status">
        {data && (
          <>
            <span class={`state ${data.accepted ? 'admitted' : 'refused'}`}>
              {data.accepted ? 'The gateway accepts this token.' : 'The gateway refuses this token.'}
            </span>{' '}
            <span class="soft">
              {count} of {data.opens.length} routes are open to it.
            </span>
          </>
        )}
      </p>
      <TokenPart name="payload" part={payload} />
      <p class="form-action">
        <button type="button" class="button" onClick={() => openInDebugger(token)}>
          Open in the debugger
        </button>
      </p>
    </section>
  );
}

function LiveTraffic({ sample: { app, state } }: { readonly sample: Sample }) {
  const path = state === 'registered' ? `apps/${encodeURIComponent(app)}/activity` : 'traffic';
  const { data } = useLoaded<Traffic>(path, TRAFFIC_EVERY_MS);
  return (
    <section class="card stack" aria-labelledby="sample-traffic">
      <h2 id="sample-traffic">
        {state === 'registered' ? 'Its requests' : 'Requests'}{' '}
        <span class="soft small">as they come, last 15 minutes</span>
      </h2>
      {data && <ActivityView traffic={data} empty="No request yet. It appears here within a second." />}
    </section>
  );
}
