/** The two places of the debugger: a token, and a request. */
import { linkTo } from '../router';

/** Draws the links between them. */
export function DebuggerTabs({ current }: { readonly current: 'token' | 'request' }) {
  return (
    <nav class="tabs" aria-label="Debugger">
      <a href={linkTo('debugger')} aria-current={current === 'token' ? 'page' : undefined}>
        Token
      </a>
      <a href={linkTo('explain')} aria-current={current === 'request' ? 'page' : undefined}>
        Request
      </a>
    </nav>
  );
}
