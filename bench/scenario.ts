/** The scenarios: the requests to every stack, and the expected responses. */

export interface Scenario {
  readonly name: string;
  /** One sentence, for the report. */
  readonly summary: string;
  readonly connections: number;
  /** How many apps take turns, each with its own token. */
  readonly apps: number;
  /** So high that no request is refused. */
  readonly limit: { readonly requests: number; readonly windowS: number };
  readonly path: string;
  /** The scope that the path requires. */
  readonly scope: string;
  /** The bytes of each request's body, by POST; 0: it is a GET. */
  readonly uploadBytes: number;
  /** The upstream's response, which each stack forwards. */
  readonly body: string;
  /** The number of other counts that Redis holds already. */
  readonly keys: number;
  /**
   * `closed`: as many requests as the stack serves. `half`: half of what the slowest of the stacks serves.
   */
  readonly pace: 'closed' | 'half';
  /** The names of the stacks that take part. */
  readonly stacks: readonly string[];
}

const MANY = { requests: 1_000_000, windowS: 60 };
const MEGABYTE = 2 ** 20;
const PLAIN = ['http-proxy', 'undici', 'gate-memory', 'gate-redis'];

const stamps = {
  connections: 64,
  apps: 200,
  path: '/notarizations/stamps',
  scope: 'notarization:read',
  limit: MANY,
  uploadBytes: 0,
  keys: 0,
  pace: 'closed' as const,
  body: JSON.stringify({
    stamps: [
      { id: 1, hash: '3f79bb7b435b05321651daefd374cdc6', created: '2024-05-01T12:00:00Z' },
      { id: 2, hash: '9b74c9897bac770ffc029102a200c5de', created: '2024-05-01T12:00:01Z' },
    ],
  }),
};

export const SCENARIOS: readonly [Scenario, ...Scenario[]] = [
  {
    ...stamps,
    name: 'exact',
    summary:
      'a limit of 256 per 1s for each app: the largest that the gateway counts one by one, in the shortest window, so that none of 200 apps reaches it below 51,200 requests a second',
    limit: { requests: 256, windowS: 1 },
    stacks: [...PLAIN, 'naive', 'fastify', 'haproxy', 'nginx'],
  },
  {
    ...stamps,
    name: 'buckets',
    summary: 'a limit of 1,000,000 per 1m for each app: above 256 the gateway counts in buckets',
    stacks: ['http-proxy', 'gate-memory', 'gate-redis'],
  },
  {
    ...stamps,
    name: 'one-connection',
    summary: 'one connection, so that nothing shares a tick of the event loop or a call to Redis',
    connections: 1,
    stacks: PLAIN,
  },
  {
    ...stamps,
    name: 'thousand-connections',
    summary: 'a thousand connections',
    connections: 1000,
    stacks: PLAIN,
  },
  {
    ...stamps,
    name: 'upload',
    summary: 'each request sends 1 MB',
    connections: 16,
    apps: 8,
    uploadBytes: MEGABYTE,
    stacks: PLAIN,
  },
  {
    ...stamps,
    name: 'download',
    summary: 'each response has 1 MB',
    connections: 16,
    body: 'x'.repeat(MEGABYTE),
    stacks: PLAIN,
  },
  {
    ...stamps,
    name: 'routes',
    summary: 'a file of 5,000 routes beside one of five',
    stacks: ['http-proxy', 'gate-redis', 'gate-routes'],
  },
  {
    ...stamps,
    name: 'million-keys',
    summary: 'a Redis that holds a million other counts',
    keys: 1_000_000,
    stacks: ['http-proxy', 'gate-redis'],
  },
  {
    ...stamps,
    name: 'refused',
    summary: 'refusals beside a forwarded request: by an exhausted limit (429), without a token (401)',
    stacks: ['http-proxy', 'gate-redis', 'gate-exhausted', 'gate-tokenless'],
  },
  {
    ...stamps,
    name: 'workers',
    summary: 'two workers beside one',
    stacks: ['http-proxy', 'gate-redis', 'gate-workers'],
  },
  {
    ...stamps,
    name: 'half-load',
    summary: 'at a fixed rate, half of what the slower of the two can serve',
    pace: 'half',
    stacks: ['http-proxy', 'gate-redis'],
  },
];
