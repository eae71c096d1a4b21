/** The text of an explanation: a line for each check, the verdict last. Used by `explain.ts`. */
import type {
  ExplainedCheck,
  ExplainedMatch,
  ExplainedToken,
  ExplainedUpstream,
  Explanation,
  ExplainRequest,
} from '../model/explanation.js';

const MARKS: Readonly<Record<ExplainedCheck['result'], string>> = { passed: '✓', failed: '✗', skipped: '–' };

/** Formats an explanation for a terminal. */
export function explanationText(
  { method, target }: Pick<ExplainRequest, 'method' | 'target'>,
  explanation: Explanation,
): string {
  const { request, match, token, access, limits, upstream, shadow, notes } = explanation;
  const sections = [
    section('request', request.checks),
    match && section('match', match.checks, matchLines(match)),
    token && section('token', token.checks, [], tokenLines(token)),
    access && section('access', access.checks),
    limits && section('limits', limits.checks),
    upstream && section('upstream', upstream.checks, upstreamLines(upstream)),
    shadow && section('shadow', shadow.checks, [shadowLine(shadow)]),
  ].filter((lines) => lines !== null);
  return [
    `${method} ${target} at ${request.host || 'no host'}`,
    ...sections.flatMap((lines) => ['', ...lines]),
    '',
    ...notes.map((note) => `note: ${note}`),
    ...verdictLines(explanation),
  ].join('\n');
}

function section(
  title: string,
  checks: readonly ExplainedCheck[],
  after: readonly string[] = [],
  before: readonly string[] = [],
): string[] {
  const merged = mergeSkipped(checks);
  const width = Math.max(...merged.map(({ name, result }) => (result === 'skipped' ? 0 : name.length)));
  return [
    title,
    ...before.map((line) => `  ${line}`),
    ...merged.map(({ name, result, text }) => `  ${MARKS[result]} ${name.padEnd(width)}  ${text}`.trimEnd()),
    ...after.map((line) => `    ${line}`),
  ];
}

/** Neighbours that were skipped for the same reason share a line. */
function mergeSkipped(checks: readonly ExplainedCheck[]): ExplainedCheck[] {
  const merged: ExplainedCheck[] = [];
  for (const check of checks) {
    const last = merged.at(-1);
    if (check.result === 'skipped' && last?.result === 'skipped' && last.text === check.text)
      merged[merged.length - 1] = { ...last, name: `${last.name}, ${check.name}` };
    else merged.push(check);
  }
  return merged;
}

function matchLines({ others, nearest }: ExplainedMatch): string[] {
  return [
    ...others.map((other) => `before ${other.match} (${other.file}:${other.line}): ${other.because}`),
    ...(nearest ? [`nearest: ${nearest.match} (${nearest.file}:${nearest.line})`] : []),
  ];
}

function tokenLines({
  assumed,
  issuer,
  app,
  subject,
  scopes,
  not_granted: notGranted,
}: ExplainedToken): string[] {
  if (issuer === null) return [];
  const parts = [
    `${assumed ? 'assumed: ' : ''}issuer ${issuer}`,
    ...(app === null ? [] : [`app ${app}`]),
    ...(subject === null || subject === app ? [] : [`sub ${subject}`]),
  ];
  return [
    parts.join(', '),
    ...(scopes === null ? [] : [`scopes ${scopes.join(' ') || 'none'}`]),
    ...(notGranted.length === 0 ? [] : [`scopes that the issuer may not grant: ${notGranted.join(' ')}`]),
  ];
}

function upstreamLines({ targets, method, path, headers }: ExplainedUpstream): string[] {
  return [
    ...targets.map(({ target, text }) => `${target}  ${text}`),
    `${method} ${path}`,
    ...headers.map(([name, value]) => `  ${name}: ${value}`),
  ];
}

function shadowLine({ status, reason }: NonNullable<Explanation['shadow']>): string {
  return status === null
    ? 'in force, these would let the request through'
    : `in force, these would refuse the request: ${status} ${reason ?? ''}`;
}

function verdictLines({ verdict, status, reason, detail, remedy }: Explanation): string[] {
  if (verdict === 'forward') return [`forward: ${detail.replace(/^forwarded /, '')}`];
  if (verdict === 'respond') return [`respond: ${detail}`];
  const text = detail === reason ? '' : `: ${detail}`;
  return [`refuse: ${status} ${reason ?? ''}${text}`, ...(remedy === null ? [] : [`        ${remedy}`])];
}
