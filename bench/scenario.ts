/** The scenarios: what is asked of every stack, and what its answer must be. */

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
  /** The scope that the path asks for. */
  readonly scope: string;
  /** What the upstream answers, and so each stack too. */
  readonly body: string;
  /** The names of the stacks that take part; undefined: all. */
  readonly stacks: readonly string[] | undefined;
}

const stamps = {
  connections: 64,
  apps: 200,
  path: '/notarizations/stamps',
  scope: 'notarization:read',
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
      'a limit of 256 per 1s for each app: the largest that the gate counts one by one, in the shortest window, so that none of 200 apps reaches it below 51,200 requests a second',
    limit: { requests: 256, windowS: 1 },
    stacks: undefined,
  },
  {
    ...stamps,
    name: 'buckets',
    summary: 'a limit of 1,000,000 per 1m for each app: beyond 256 the gate counts in buckets',
    limit: { requests: 1_000_000, windowS: 60 },
    stacks: ['http-proxy', 'gate-memory', 'gate-redis'],
  },
];
