/** A decision of the gateway: the verdict and the remedy first, then each step with its checks. */
import type { ComponentChildren } from 'preact';
import type { ExplainedLimit, Explanation } from '../../../model/explanation';
import type { LimitUse } from '../../api/apps';
import { Checks, ResultSign } from '../parts/checks';
import { LimitBars } from '../parts/limit-bars';
import { Inline } from '../parts/name';
import { Scopes } from '../parts/scopes';
import { stepsOf, type DrawnStep } from './steps';

const VERDICTS = {
  forward: ['admitted', 'Forwarded'],
  respond: ['admitted', 'The gateway responds itself'],
  refuse: ['refused', 'Refused'],
} as const;
const MOST_CHIPS = 20;

/** Draws a decision. */
export function Decision({ explanation }: { readonly explanation: Explanation }) {
  const { limits, upstream } = explanation;
  return (
    <>
      <Verdict explanation={explanation} />
      <ol class="steps" aria-label="Steps">
        {stepsOf(explanation).map((step) => (
          <Step key={step.title} step={step}>
            {step.title === 'Limits' && limits && <Counts limits={limits.limits} />}
            {step.title === 'Upstream' && upstream && <Fields fields={upstream.headers} />}
          </Step>
        ))}
      </ol>
    </>
  );
}

function Verdict({ explanation }: { readonly explanation: Explanation }) {
  const { verdict, status, reason, detail, remedy, notes } = explanation;
  const [kind, text] =
    verdict === 'refuse' && status === 429 ? (['limited', 'Refused'] as const) : VERDICTS[verdict];
  const failed = stepsOf(explanation)
    .filter(({ title }) => title !== 'Shadow')
    .flatMap(({ step }) => step?.checks.filter(({ result }) => result === 'failed') ?? [])
    .filter((check) => !detail.includes(check.text));
  return (
    <section class="card verdict" aria-label="Verdict" aria-live="polite">
      <h2>
        <span class={`state ${kind}`}>{text}</span> {verdict !== 'forward' && status}{' '}
        {reason !== null && <code>{reason}</code>}
      </h2>
      <p>{detail}</p>
      {failed.map(({ name, text: found }) => (
        <p key={name}>
          <strong>{name}</strong> {found}
        </p>
      ))}
      {remedy !== null && (
        <p>
          <strong>What would admit it:</strong> {remedy}
        </p>
      )}
      {notes.map((note) => (
        <p key={note} class="soft">
          {note}
        </p>
      ))}
    </section>
  );
}

function Step({ step, children }: { readonly step: DrawnStep; readonly children: ComponentChildren }) {
  const { title, result, facts, absent } = step;
  return (
    <li class={`card step ${step.step ? 'reached' : 'not-reached'}`}>
      <h2>
        <ResultSign result={result} /> {title}
        {absent !== undefined && <span class="soft small"> {absent}</span>}
      </h2>
      {step.step && (
        <div class="step-found">
          <Checks checks={step.step.checks} />
          {facts.length > 0 && (
            <dl class="definitions small">
              {facts.map(([name, value], at) => (
                <Fact key={at} name={name} value={value} />
              ))}
            </dl>
          )}
        </div>
      )}
      {children}
    </li>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string | readonly string[] }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        {typeof value === 'string' ? <Inline text={value} /> : <Scopes scopes={value} most={MOST_CHIPS} />}
      </dd>
    </>
  );
}

/** The counts as bars, where they are known. */
function Counts({ limits }: { readonly limits: readonly ExplainedLimit[] }) {
  const endpoints = limits.flatMap((limit) => {
    const use = useOf(limit);
    return use ? [{ endpoint: limit.name, limits: [use] }] : [];
  });
  return endpoints.length === 0 ? null : <LimitBars endpoints={endpoints} />;
}

function useOf({ by, limit, window, count, remaining, reset }: ExplainedLimit): LimitUse | undefined {
  if (count === null || remaining === null || reset === null) return undefined;
  return { name: null, by, limit, window_s: window, used: count, remaining, reset };
}

function Fields({ fields }: { readonly fields: readonly (readonly [string, string])[] }) {
  if (fields.length === 0) return null;
  return (
    <details class="fields">
      <summary>{fields.length} header fields</summary>
      <pre class="snippet" tabIndex={0} aria-label="Header fields">
        {fields.map(([name, value]) => `${name}: ${value}`).join('\n')}
      </pre>
    </details>
  );
}
