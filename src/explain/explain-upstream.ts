/** Explains the step `forward`: the targets that may get the request, and what it looks like there. */
import type { ForwardPreview } from '../forward/forward.js';
import type { ExplainedCheck, ExplainedTarget, ExplainedUpstream } from '../model/explanation.js';
import { plainName } from '../model/identity-fields.js';
import type { Issuer } from '../model/issuer.js';
import type { FlatHeaders } from '../model/refusal.js';
import type { RequestHead } from '../model/request.js';
import type { Route } from '../model/route.js';
import { failed, passed } from './text.js';

/** The fields of credentials; so are those in which an issuer's tokens may be. */
const CREDENTIALS = ['authorization', 'proxy-authorization', 'cookie'];

const STATES: Readonly<Record<ForwardPreview['targets'][number]['state'], string>> = {
  available: 'available',
  down: 'down: its health checks fail, or its circuit breaker is open',
  ejected: 'has failed: it is used where no other is available',
  busy: 'all of its connections are in use: others are preferred',
};

/** Describes the upstream. */
export function describeUpstream(
  { refusal, targets, path, headers }: ForwardPreview,
  { upstream, timeoutMs, maxBodyBytes }: Route,
  head: RequestHead,
  issuers: readonly Issuer[],
): ExplainedUpstream {
  const checks: ExplainedCheck[] = [];
  if (refusal?.reason === 'body_too_large') {
    checks.push(failed('body', `${head.contentLength} bytes, but at most ${maxBodyBytes} are accepted`));
  } else if (refusal) checks.push(failed('targets', 'none is available'));
  else {
    const seconds = (timeoutMs ?? upstream.timeoutMs) / 1000;
    checks.push(passed('targets', `the response head must come within ${seconds}s`));
  }
  return {
    name: upstream.name,
    targets: targets.map(({ target, state }): ExplainedTarget => ({
      target,
      available: state !== 'down',
      text: STATES[state],
    })),
    method: head.method,
    path,
    headers: shownFields(headers, hiddenNames(upstream, issuers), head),
    checks,
  };
}

/** The values of these fields are not shown. */
function hiddenNames(
  { headers }: Route['upstream'],
  issuers: readonly Issuer[],
): ReadonlyMap<string, string> {
  const places = issuers.flatMap(({ tokenFrom }) =>
    tokenFrom.flatMap((source) => (source.kind === 'header' ? [source.name] : [])),
  );
  return new Map([
    ...[...CREDENTIALS, ...places].map((name) => [plainName(name), '(not shown)'] as const),
    ...headers.set.map(([name]) => [plainName(name.toLowerCase()), '(from the file)'] as const),
  ]);
}

function shownFields(
  headers: FlatHeaders,
  hidden: ReadonlyMap<string, string>,
  { id, rawHeaders }: RequestHead,
): [string, string][] {
  const fields: [string, string][] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at]!;
    const value = headers[at + 1]!;
    const isOwnId = name === 'X-Request-Id' && value === id && !rawHeaders.includes(id);
    fields.push([name, hidden.get(plainName(name.toLowerCase())) ?? (isOwnId ? '(a new one)' : value)]);
  }
  return fields;
}
