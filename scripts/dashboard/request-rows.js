/** The rows about requests: what each panel shows, in words and in PromQL. */
import { GATEWAYS, graph, number, quantile, quantiles, query, rate, ROUTES, table } from './panels.js';

const UP = { 0: { text: 'unavailable', color: 'red' }, 1: { text: 'available', color: 'green' } };
const VALID = { 0: { text: 'invalid', color: 'red' }, 1: { text: 'in force', color: 'green' } };
const TOKEN_REASONS = 'no_token|invalid_token|malformed_credentials|keys_unavailable|revocations_unavailable';

/** What part of a sum another is; 0 where it has no series. Nothing where there are no requests. */
const share = (part, whole) => `(${part} or 0 * ${whole}) / (${whole} > 0)`;

const requests = `sum(${rate('tollgate_requests_total', ROUTES)})`;
const of5xx = `sum(${rate('tollgate_requests_total', `${ROUTES},status="5xx"`)})`;
const refused = `sum(${rate('tollgate_refusals_total', ROUTES)})`;
const byRoute = `sum by (route) (${rate('tollgate_requests_total', ROUTES)})`;
const errorsByRoute = `sum by (route) (${rate('tollgate_requests_total', `${ROUTES},status="5xx"`)}) / (${byRoute} > 0)`;

export const REQUEST_ROWS = [
  [
    'Overview',
    [
      number(
        'Gateways',
        'How many gateways report, of those that are chosen above. One with workers counts once.',
        `count(tollgate_build_info{${GATEWAYS}})`,
      ),
      number('Requests', 'Requests a second on the chosen routes.', requests, { unit: 'reqps' }),
      number(
        'Server errors',
        'The part of the requests that ended with 500 or above, from the gateway or from an upstream.',
        share(of5xx, requests),
        { unit: 'percentunit', steps: [['green'], ['orange', 0.01], ['red', 0.05]] },
      ),
      number(
        'Refused',
        'The part of the requests to which the gateway itself responded, with 4xx or 5xx, in place of an upstream.',
        share(refused, requests),
        { unit: 'percentunit' },
      ),
      number(
        '99 % are faster than',
        'From the head of a request to the end of its response, on the chosen routes.',
        quantile(0.99, 'tollgate_request_duration_seconds', '', ROUTES),
        { unit: 's' },
      ),
      number(
        'Targets down',
        'Targets that get no requests now, counted once for each gateway that says so.',
        `sum(tollgate_upstream_target_up{${GATEWAYS}} == bool 0)`,
        { steps: [['green'], ['red', 1]] },
      ),
      number(
        'Redis',
        'Whether Redis is available to all gateways. Empty without Redis.',
        `min(tollgate_redis_up{${GATEWAYS}})`,
        { mappings: UP },
      ),
      number(
        'Configuration',
        'Whether the file that each gateway read last is in force, or could not be used.',
        `min(tollgate_config_last_reload_successful{${GATEWAYS}})`,
        { mappings: VALID },
      ),
    ],
  ],
  [
    'Traffic',
    [
      graph(
        'Requests by status',
        'Requests a second by the class of their status. A client that left before its response is in 4xx (499).',
        [query(`sum by (status) (${rate('tollgate_requests_total', ROUTES)})`, '{{status}}')],
        { unit: 'reqps', stack: true },
      ),
      graph(
        'Requests by route',
        'The ten busiest of the chosen routes. Requests without a route are in "none".',
        [query(`topk(10, ${byRoute})`, '{{route}}')],
        { unit: 'reqps' },
      ),
      graph(
        'Server errors by route',
        "The part of each route's requests that ended with 500 or above.",
        [query(errorsByRoute, '{{route}}')],
        { unit: 'percentunit' },
      ),
      graph(
        'In progress',
        'Open connections of clients, tunnels included, and requests between their head and the end of their response.',
        [
          query(`sum by (instance) (tollgate_connections{${GATEWAYS}})`, 'connections {{instance}}'),
          query(`sum by (instance) (tollgate_requests_in_flight{${GATEWAYS}})`, 'requests {{instance}}'),
        ],
        { unit: 'short' },
      ),
      graph(
        'Requests by method',
        'Requests a second on the chosen routes.',
        [query(`sum by (method) (${rate('tollgate_requests_total', ROUTES)})`, '{{method}}')],
        { unit: 'reqps', stack: true },
      ),
      graph(
        'Room for more requests',
        'The part of max_in_flight that is used. At 100 % further requests get 503.',
        [
          query(
            `sum by (instance) (tollgate_requests_in_flight{${GATEWAYS}}) / sum by (instance) (tollgate_requests_in_flight_max{${GATEWAYS}})`,
            '{{instance}}',
          ),
        ],
        { unit: 'percentunit' },
      ),
      table(
        'Routes',
        'The chosen routes as they are now.',
        'route',
        [
          ['Route'],
          ['Requests a second', 'reqps', byRoute],
          ['Server errors', 'percentunit', errorsByRoute],
          ['Refused a second', 'reqps', `sum by (route) (${rate('tollgate_refusals_total', ROUTES)})`],
          ['50 % faster than', 's', quantile(0.5, 'tollgate_request_duration_seconds', 'route', ROUTES)],
          ['99 % faster than', 's', quantile(0.99, 'tollgate_request_duration_seconds', 'route', ROUTES)],
        ],
        { sortBy: 'Requests a second' },
      ),
    ],
  ],
  [
    'Refusals',
    [
      graph(
        'Refusals by reason',
        'Responses of the gateway in place of the upstream. docs/http.md says what each reason means.',
        [query(`sum by (reason) (${rate('tollgate_refusals_total', ROUTES)}) > 0`, '{{reason}}')],
        { unit: 'reqps', stack: true },
      ),
      graph(
        'Refusals by route',
        'The ten routes with the most refusals.',
        [query(`topk(10, sum by (route) (${rate('tollgate_refusals_total', ROUTES)}) > 0)`, '{{route}}')],
        { unit: 'reqps' },
      ),
      graph(
        'Refusals of tokens',
        'Requests without a token, with a bad one, or with one that could not be checked.',
        [
          query(
            `sum by (reason) (${rate('tollgate_refusals_total', `${ROUTES},reason=~"${TOKEN_REASONS}"`)})`,
            '{{reason}}',
          ),
        ],
        { unit: 'reqps' },
      ),
      graph(
        'In shadow',
        'Requests that were let through and that a rule in shadow would have refused.',
        [
          query(
            `sum by (route, reason) (${rate('tollgate_shadow_refusals_total', ROUTES)})`,
            '{{route}}: {{reason}}',
          ),
        ],
        { unit: 'reqps' },
      ),
    ],
  ],
  [
    'Latency',
    [
      graph(
        'Requests',
        'How long requests took on the chosen routes, from their head to the end of their response: this part of them was faster.',
        quantiles('tollgate_request_duration_seconds', '', '', ROUTES),
        { unit: 's' },
      ),
      graph(
        'Requests by route',
        'On each chosen route 99 % of the requests were faster.',
        [query(quantile(0.99, 'tollgate_request_duration_seconds', 'route', ROUTES), '{{route}}')],
        { unit: 's' },
      ),
    ],
  ],
];
