/** What stands in place of apps and users where the gateway issues no tokens. */
import { Empty } from './states';

/** Says what to add to the file. */
export function NoTokenService({ what }: { readonly what: string }) {
  return (
    <Empty title="The gateway issues no tokens">
      <p>
        With a <code>tokens</code> section in its file it has {what}.
      </p>
    </Empty>
  );
}
