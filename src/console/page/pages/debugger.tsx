/** The debugger: a token in colours beside its meaning, the gateway's checks, and what it opens. */
import { useEffect, useState } from 'preact/hooks';
import { TokenPart } from '../debugger/claims';
import { splitToken, tokenIn } from '../debugger/decode';
import { DebuggerTabs } from '../debugger/tabs';
import { MAX_TOKEN, TokenEditor } from '../debugger/token-editor';
import { useDebugged } from '../debugger/use-debugged';
import { OpenedRoutes, TokenChecks, TokenLimits } from '../debugger/verdict';
import { Page } from '../parts/page';
import { LoadedView } from '../parts/states';
import { useHandedToken } from '../token-handover';

/** Shows a token. It is in the memory of this component only, and ends with it. */
export function DebuggerPage() {
  const [text, setText] = useState('');
  useHandedToken(setText);
  useEffect(() => {
    // A page that the browser keeps for its Back button must not keep the token.
    const clear = (): void => setText('');
    addEventListener('pagehide', clear);
    return () => removeEventListener('pagehide', clear);
  }, []);
  const isTooLong = text.length > MAX_TOKEN;
  const token = isTooLong ? '' : tokenIn(text);
  const loaded = useDebugged(token);
  const [header = '', payload] = splitToken(isTooLong ? '' : text).parts;
  return (
    <Page title="Debugger">
      <DebuggerTabs current="token" />
      <div class="debugger">
        <div class="debugger-input">
          <TokenEditor
            label="Token"
            value={text}
            onInput={setText}
            hint="It is sent to this gateway and to nothing else. The page forgets it when you leave."
          />
          {isTooLong && (
            <p class="form-error" role="alert">
              This is longer than 16 KiB, which no gateway reads. Paste the token alone.
            </p>
          )}
        </div>
        <div class="debugger-parts">
          {token === '' ? (
            <p class="empty soft">Paste a token to see what it says and what it opens.</p>
          ) : (
            <>
              <TokenPart name="header" part={header} />
              {payload !== undefined && <TokenPart name="payload" part={payload} />}
            </>
          )}
        </div>
        {token !== '' && (
          <div class="debugger-checks">
            <LoadedView loaded={loaded}>{(data) => <TokenChecks token={data} />}</LoadedView>
          </div>
        )}
      </div>
      {loaded.data && loaded.data.opens.length > 0 && <OpenedRoutes opens={loaded.data.opens} />}
      {loaded.data && <TokenLimits limits={loaded.data.limits} app={loaded.data.app} />}
    </Page>
  );
}
