/** Checks of the gateway: a sign and a word for the result, the name, and what was found. */
import type { Check } from '../../api/token';
import { Inline } from './name';

const RESULTS = {
  passed: ['✓', 'Passed'],
  failed: ['✗', 'Failed'],
  skipped: ['–', 'Not checked'],
} as const;

/** The sign of a result. Screen readers get the word in its place. */
export function ResultSign({ result }: { readonly result: Check['result'] }) {
  const [sign, word] = RESULTS[result];
  return (
    <span class={`sign ${result}`} title={word}>
      <span aria-hidden="true">{sign}</span>
      <span class="visually-hidden">{word}: </span>
    </span>
  );
}

/** Lists checks in the order in which the gateway runs them. */
export function Checks({ checks }: { readonly checks: readonly Check[] }) {
  return (
    <ul class="checks">
      {checks.map(({ name, result, text }, at) => (
        <li key={at}>
          <ResultSign result={result} />
          <span>
            <strong>{name}</strong> <Inline text={text} />
          </span>
        </li>
      ))}
    </ul>
  );
}
