/** Asks for a request to explain, or for the id of one that was refused. */
import { useState } from 'preact/hooks';
import type { ExplainQuestion } from '../../api/token';
import { looksLikeToken, tokenIn } from '../debugger/decode';
import { TokenEditor } from '../debugger/token-editor';
import { useDraft } from '../drafts';
import { TextField } from '../parts/field';
import { goTo } from '../router';
import { openInDebugger } from '../token-handover';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Asks for method, URL and token. */
export function RequestForm(props: {
  readonly isBusy: boolean;
  readonly onAsk: (question: ExplainQuestion) => void;
}) {
  const [{ method, url }, setLine] = useDraft('request', { method: 'GET', url: '' });
  const [text, setText] = useState('');
  const submit = (event: Event): void => {
    event.preventDefault();
    const token = tokenIn(text);
    props.onAsk({ method, url: url.trim(), ...(token !== '' && { token }) });
  };
  return (
    <form class="card" onSubmit={submit} autocomplete="off">
      <div class="request-line">
        <label class="field">
          <span class="label">Method</span>
          <select
            value={method}
            onChange={({ currentTarget }) => setLine({ method: currentTarget.value, url })}
          >
            {METHODS.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <TextField
          label="URL"
          value={url}
          onInput={(typed) => setLine({ method, url: typed })}
          placeholder="/notarizations/stamps or https://api.example.com/…"
          autocomplete="off"
          required
        />
      </div>
      <TokenEditor
        label="Token (optional)"
        value={text}
        onInput={setText}
        isSmall
        hint="The request is explained, not sent: nothing is forwarded, and no limit counts it."
      />
      <p class="form-action">
        <button class="button primary" disabled={props.isBusy}>
          Explain
        </button>
      </p>
    </form>
  );
}

/** Asks for a request id. */
export function RequestIdForm({ current = '' }: { readonly current?: string | undefined }) {
  const [id, setId] = useState(current);
  const submit = (event: Event): void => {
    event.preventDefault();
    // A request id is a part of the address, which no token may be in.
    if (looksLikeToken(id)) openInDebugger(tokenIn(id));
    else if (id.trim() !== '') goTo('explain', id.trim());
  };
  return (
    <form class="card" onSubmit={submit}>
      <TextField
        label="Request id of a refusal"
        value={id}
        onInput={setId}
        autocomplete="off"
        hint="Each response has it in X-Request-Id. The last 1,000 refusals are kept."
      />
      <p class="form-action">
        <button class="button">Show the decision</button>
      </p>
    </form>
  );
}
