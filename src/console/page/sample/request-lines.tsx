/** Lines for a shell, each with what to know of it and a button that copies it whole. */
import type { FirstRequest } from '../../api/session';
import { CopyLine } from '../parts/copy';

/** Draws the lines. */
export function RequestLines(props: {
  readonly requests: readonly FirstRequest[];
  /** Whether each takes one line, cut where it is longer. */
  readonly isShort?: boolean;
}) {
  return (
    <ul class={props.isShort ? 'lines short' : 'lines'}>
      {props.requests.map(({ line, note }, at) => (
        <li key={line}>
          <p class="small soft">{note}</p>
          <CopyLine text={line} label={`line ${at + 1}`} />
        </li>
      ))}
    </ul>
  );
}
