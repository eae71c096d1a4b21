/** Explain: what the gateway would do with a request, or why it refused one. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Explanation } from '../../../model/explanation';
import type { ExplainQuestion } from '../../api/token';
import type { ExplainedRefusal } from '../../api/traffic';
import { DebuggerTabs } from '../debugger/tabs';
import { Decision } from '../explain/decision';
import { RequestForm, RequestIdForm } from '../explain/request-form';
import { useLoaded } from '../load';
import { Page } from '../parts/page';
import { LoadedView } from '../parts/states';
import { Time } from '../parts/time';
import { ApiError, request } from '../request';
import { linkTo } from '../router';

/** Explains a request. The question and its token are in the memory of this component only. */
export function ExplainPage() {
  const [explanation, setExplanation] = useState<Explanation>();
  const [error, setError] = useState<string>();
  const [isBusy, setIsBusy] = useState(false);
  const result = useRef<HTMLDivElement>(null);
  const ask = async (question: ExplainQuestion): Promise<void> => {
    setIsBusy(true);
    setError(undefined);
    try {
      setExplanation(await request<Explanation>('POST', 'explain', question));
    } catch (problem) {
      setExplanation(undefined);
      setError(problem instanceof ApiError ? problem.message : 'The request cannot be explained.');
    }
    setIsBusy(false);
  };
  useEffect(() => result.current?.firstElementChild?.scrollIntoView({ block: 'nearest' }), [explanation]);
  return (
    <Page title="Debugger">
      <DebuggerTabs current="request" />
      <div class="explain-forms">
        <RequestForm isBusy={isBusy} onAsk={(question) => void ask(question)} />
        <RequestIdForm />
      </div>
      {error !== undefined && (
        <p class="notice bad" role="alert">
          {error}
        </p>
      )}
      <div ref={result} class="stack">
        {explanation && <Decision explanation={explanation} />}
      </div>
    </Page>
  );
}

/** Shows the decision about a request that was refused. */
export function RefusalPage({ id }: { readonly id: string }) {
  const loaded = useLoaded<ExplainedRefusal>(`refusals/${encodeURIComponent(id)}`);
  return (
    <Page
      title="Refusal"
      action={
        <a class="button" href={linkTo('explain')}>
          Explain another request
        </a>
      }
    >
      <LoadedView loaded={loaded}>
        {(data) => (
          <>
            <RefusedRequest refusal={data.refusal} />
            <Decision explanation={data} />
          </>
        )}
      </LoadedView>
    </Page>
  );
}

function RefusedRequest({ refusal }: Pick<ExplainedRefusal, 'refusal'>) {
  const { request_id, at, method, path, app } = refusal;
  return (
    <section class="card" aria-label="Request">
      <dl class="definitions">
        <dt>Request</dt>
        <dd>
          <code>
            {method ?? '–'} {path ?? ''}
          </code>
        </dd>
        <dt>When</dt>
        <dd>
          <Time at={at} />
        </dd>
        {app !== null && <dt>App</dt>}
        {app !== null && (
          <dd>
            <code>{app}</code>
          </dd>
        )}
        <dt>Request id</dt>
        <dd>
          <code>{request_id}</code>
        </dd>
      </dl>
    </section>
  );
}
