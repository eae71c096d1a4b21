/** The rows about what the gateways depend on, and the token service: what each panel shows, in words and in PromQL. */
import { GATEWAYS, graph, quantiles, query, rate, ROUTES } from './panels.js';

const UPSTREAM_REASONS = 'upstream_.*|no_healthy_target';

export const SERVICE_ROWS = [
  [
    'Upstreams',
    [
      graph(
        'Response time',
        'How long upstreams took to the head of their response: this part of their responses was faster.',
        quantiles('tollgate_upstream_duration_seconds', '{{upstream}} ', 'upstream'),
        { unit: 's' },
      ),
      graph(
        'Responses',
        'Responses a second of each upstream.',
        [query(`sum by (upstream) (${rate('tollgate_upstream_duration_seconds_count')})`, '{{upstream}}')],
        { unit: 'reqps' },
      ),
      graph(
        'Targets',
        'On how many of the gateways each target gets requests.',
        [
          query(
            `sum by (upstream, target) (tollgate_upstream_target_up{${GATEWAYS}})`,
            '{{upstream}} {{target}}',
          ),
        ],
        { unit: 'short' },
      ),
      graph(
        'Faults',
        'Requests that failed at an upstream, or found no target or no free connection there.',
        [
          query(
            `sum by (reason) (${rate('tollgate_refusals_total', `${ROUTES},reason=~"${UPSTREAM_REASONS}"`)})`,
            '{{reason}}',
          ),
          query(
            `sum(${rate('tollgate_refusals_total', `${ROUTES},route!="none",reason="overloaded"`)})`,
            'no free connection',
          ),
        ],
        { unit: 'reqps' },
      ),
    ],
  ],
  [
    'Limits and Redis',
    [
      graph(
        'Limit checks',
        'Checks of limits a second, by their result.',
        [query(`sum by (result) (${rate('tollgate_limit_checks_total')})`, '{{result}}')],
        { unit: 'cps', stack: true },
      ),
      graph(
        'Checks without Redis',
        'Checks that Redis could not decide, so that on_failure did.',
        [query(`sum by (instance) (${rate('tollgate_redis_fallbacks_total')})`, '{{instance}}')],
        { unit: 'cps' },
      ),
      graph(
        'Calls to Redis',
        'How long calls to Redis took: this part of them was faster. A call serves all checks that wait at one moment.',
        quantiles('tollgate_redis_duration_seconds'),
        { unit: 's' },
      ),
      graph(
        'Redis available',
        'Whether each gateway can use Redis (1) or not (0).',
        [query(`min by (instance) (tollgate_redis_up{${GATEWAYS}})`, '{{instance}}')],
        { unit: 'short', max: 1 },
      ),
    ],
  ],
  [
    'Issuers and tokens',
    [
      graph(
        'Age of the keys',
        'How long ago the keys of each issuer were last read. They may be used up to jwks_max_stale.',
        [query(`max by (issuer) (tollgate_jwks_age_seconds{${GATEWAYS}})`, '{{issuer}}')],
        { unit: 's' },
      ),
      graph(
        'Requests for keys',
        'Requests to the issuers for their keys, by result.',
        [query(`sum by (issuer, result) (${rate('tollgate_jwks_fetches_total')})`, '{{issuer}} {{result}}')],
        { unit: 'reqps' },
      ),
      graph(
        'Tokens found verified',
        'The part of the tokens whose signature was checked before, so that it need not be checked again.',
        [
          query(
            `sum(${rate('tollgate_token_cache_hits_total')}) / (sum(${rate('tollgate_token_cache_hits_total')}) + sum(${rate('tollgate_token_cache_misses_total')}) > 0)`,
            'found',
          ),
        ],
        { unit: 'percentunit', max: 1 },
      ),
      graph(
        'Revocations',
        'Revocations that each gateway knows. They should be equal on all gateways within a second.',
        [query(`max by (instance) (tollgate_revocations{${GATEWAYS}})`, '{{instance}}')],
        { unit: 'short' },
      ),
    ],
  ],
  [
    'Token service',
    [
      graph(
        'Tokens issued',
        'Tokens a second, by endpoint.',
        [query(`sum by (endpoint) (${rate('tollgate_tokens_issued_total')})`, '{{endpoint}}')],
        { unit: 'cps' },
      ),
      graph(
        'Failed attempts',
        'Wrong secrets and passwords, by endpoint.',
        [query(`sum by (endpoint) (${rate('tollgate_failed_attempts_total')})`, '{{endpoint}}')],
        { unit: 'cps' },
      ),
      graph(
        'Requests by endpoint and status',
        'Requests a second to the endpoints of the token service.',
        [
          query(
            `sum by (route, status) (${rate('tollgate_requests_total', `${GATEWAYS},route=~"key_secret|client_credentials|password|named|whoami|jwks|metadata|revoke|introspect"`)})`,
            '{{route}} {{status}}',
          ),
        ],
        { unit: 'reqps' },
      ),
    ],
  ],
];
