/** The steps of an explanation in their order, with the facts that each has found. */
import type {
  ExplainedAccess,
  ExplainedLimits,
  ExplainedMatch,
  ExplainedRequest,
  ExplainedRoute,
  ExplainedShadow,
  ExplainedStep,
  ExplainedToken,
  ExplainedUpstream,
  Explanation,
} from '../../../model/explanation';
import type { Check } from '../../api/token';

/** A fact: its name and its value. A list is shown as chips. */
export type Fact = readonly [name: string, value: string | readonly string[]];

/** A step as it is drawn. */
export interface DrawnStep {
  readonly title: string;
  readonly result: Check['result'];
  /** Null where the request did not come to the step. */
  readonly step: ExplainedStep | null;
  readonly facts: readonly Fact[];
  /** Why there is nothing to show. */
  readonly absent?: string;
}

/** Returns the steps. A step that was not reached is there, without facts. */
export function stepsOf(explanation: Explanation): readonly DrawnStep[] {
  const { verdict, request, match, token, access, limits, upstream, shadow } = explanation;
  return [
    stepOf('Request', request, requestFacts),
    stepOf('Route', match, matchFacts),
    access?.public === true && token === null
      ? absentStep('Token', 'The route is public.')
      : stepOf('Token', token, tokenFacts),
    stepOf('Access', access, accessFacts),
    stepOf('Limits', limits, limitFacts),
    verdict === 'forward' && !upstream
      ? absentStep('Upstream', 'Administrators see what it would get.')
      : stepOf('Upstream', upstream, upstreamFacts),
    ...(shadow ? [stepOf('Shadow', shadow, shadowFacts)] : []),
  ];
}

function stepOf<T extends ExplainedStep>(
  title: string,
  step: T | null,
  factsOf: (step: T) => readonly (Fact | undefined)[],
): DrawnStep {
  if (!step)
    return { title, result: 'skipped', step, facts: [], absent: 'The request does not come to this.' };
  const result = step.checks.some((check) => check.result === 'failed')
    ? 'failed'
    : step.checks.every((check) => check.result === 'skipped') && step.checks.length > 0
      ? 'skipped'
      : 'passed';
  return { title, result, step, facts: factsOf(step).filter((fact) => fact !== undefined) };
}

function absentStep(title: string, absent: string): DrawnStep {
  return { title, result: 'skipped', step: null, facts: [], absent };
}

function requestFacts({ method, host, path, normalized, client_ip }: ExplainedRequest) {
  return [
    fact('Method', method),
    fact('Host', host),
    fact('Path', path),
    fact('Normal form', normalized.join('; ')),
    fact('Client', client_ip),
  ];
}

function matchFacts({ route, others, nearest, allowed_methods }: ExplainedMatch) {
  return [
    list('Hosts', route?.hosts ?? null),
    ...others.map((other) => fact('Also matches', `${routeText(other)}: ${other.because}`)),
    fact('Nearest', nearest && routeText(nearest)),
    list('Methods', allowed_methods),
  ];
}

function routeText({ match, hosts, file, line }: ExplainedRoute): string {
  return `${match}${hosts ? ` at ${hosts.join(', ')}` : ''} (${file}:${line})`;
}

function tokenFacts(token: ExplainedToken) {
  return [
    fact('Taken from', token.place),
    fact('Issuer', token.issuer),
    fact('iss', token.iss),
    fact('kid', token.kid),
    fact('alg', token.alg),
    fact('typ', token.typ),
    fact('App', token.app),
    fact('Subject', token.subject),
    list('Audience', token.audience),
    list('Scopes', token.scopes),
    list('Not granted', token.not_granted),
    fact('Issued', token.issued_at),
    fact('Not before', token.not_before),
    fact('Expires', token.expires_at),
  ];
}

function accessFacts(access: ExplainedAccess) {
  if (access.public) return [fact('Access', 'public')];
  return [
    list(access.mode === 'any' ? 'Any scope of' : 'Scopes needed', access.required),
    // Of several scopes of which one is enough, the others are not missing.
    list('Missing', access.checks.some(({ result }) => result === 'failed') ? access.missing : null),
  ];
}

function limitFacts({ counts }: ExplainedLimits) {
  return [fact('Counts', counts === 'none' ? 'not known' : null)];
}

function upstreamFacts({ name, targets, method, path }: ExplainedUpstream) {
  return [
    fact('Upstream', name),
    ...targets.map(({ target, available, text }) =>
      fact(available ? 'Target' : 'Unavailable', text === '' ? target : `${target}: ${text}`),
    ),
    fact('Sent', `${method} ${path}`),
  ];
}

function shadowFacts({ status, reason }: ExplainedShadow) {
  return [fact('Would be', status === null ? 'admitted' : `refused: ${status} ${reason ?? ''}`)];
}

function fact(name: string, value: string | null): Fact | undefined {
  return value === null || value === '' ? undefined : [name, value];
}

function list(name: string, values: readonly string[] | null): Fact | undefined {
  return values === null || values.length === 0 ? undefined : [name, values];
}
