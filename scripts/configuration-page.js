/**
 * Writes the tables of docs/configuration.md, between its `keys` comments, from the schema of the built `dist/`. Run by
 * `npm run schema`; with `--print` the page goes to standard output instead.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { keyReference } from '../dist/config/config.js';

const PAGE = 'docs/configuration.md';
const EXAMPLES = parse(readFileSync('scripts/configuration-examples.yaml', 'utf8'));

/** The tables, each with the beginnings of its keys' paths, and what its rows leave out of them. The first that fits has a key. */
const TABLES = [
  { name: 'issuers', of: ['issuers.NAME.'], without: 'issuers.NAME.' },
  {
    name: 'all issuers',
    of: ['jwks_max_age', 'jwks_max_stale', 'jwks_cache', 'revocation_cache', 'token_cache'],
  },
  { name: 'upstreams', of: ['upstreams.NAME.'], without: 'upstreams.NAME.' },
  { name: 'routes', of: ['routes.'], without: 'routes.' },
  { name: 'defaults', of: ['defaults'] },
  { name: 'cors', of: ['cors.'], without: 'cors.' },
  { name: 'limits', of: ['redis', 'limits', 'limit_status', 'limit_headers'] },
  { name: 'tokens', of: ['tokens.'], without: 'tokens.' },
  { name: 'general', of: [''] },
];

/** Sections with the keys of another, which is described once. */
const SAME_KEYS = {
  'admin.tls': 'listen.tls',
  'admin.listen': 'listen',
  'console.listen': 'listen',
  'defaults.limit': 'routes.limit',
  'routes.cors': 'cors',
};

/** Defaults that a value cannot state. */
const DEFAULTS = {
  listen: '`127.0.0.1:8080`',
  admin: '`127.0.0.1:8081`',
  drain_delay: '`1s`, at most a tenth of `drain_timeout`',
  'log.file': 'standard output',
  'tracing.service': '`OTEL_SERVICE_NAME`, else `tollgate`',
  revocation_cache: '`revocations`, beside `jwks_cache`',
  'issuers.NAME.jwks': 'OpenID discovery',
  'issuers.NAME.discovery': "under the issuer's URL",
  'issuers.NAME.grants': 'all, with one issuer',
  'issuers.NAME.tls.ca': "the system's",
  'redis.tls.ca': "the system's",
  'redis.sentinel_username': '`default`',
  'redis.sentinel_password': '`redis.password`',
  'upstreams.NAME.tls.ca': "the system's",
  'upstreams.NAME.tls.server_name': "the target's host",
  'routes.host': 'any',
  'routes.issuer': 'any',
  'routes.scope': 'this or `public`',
  'routes.public': 'this or `scope`',
  'routes.limit': '`defaults.limit`',
  'routes.limit.by': '`app`; `ip` on a public route',
  'routes.on_failure': '`redis.on_failure`',
  'routes.timeout': "the upstream's",
  'routes.max_body': '`defaults.max_body`',
  'routes.rewrite': 'the path as received',
  'routes.cors': "the file's",
  'tokens.endpoints.key_secret': 'off',
  'tokens.endpoints.client_credentials': 'off',
  'tokens.endpoints.password': 'off',
  'tokens.endpoints.named': 'off',
  'tokens.endpoints.whoami': 'off',
};

/** Where more about a key stands. */
const MORE = {
  admin: 'operations.md#the-admin-port',
  console: 'console.md',
  metrics: 'metrics.md',
  tracing: 'tracing.md',
  'tracing.sample': 'tracing.md#sampling',
  'metrics.by_app': 'metrics.md#by-app',
  log: 'logs.md',
  'log.pretty': 'logs.md#on-a-terminal',
  workers: 'several-gateways.md',
  trust_proxy: 'http.md#behind-another-proxy',
  client_ip_header: 'http.md#behind-another-proxy',
  cors: '#cors',
  issuers: '#issuers',
  upstreams: '#upstreams',
  routes: '#routes',
  tokens: '#tokens',
  jwks_cache: 'issuers-and-tokens.md#keys',
  revocation_cache: 'token-service.md#revocation',
  'issuers.NAME.discovery': 'issuers-and-tokens.md#requests-for-the-keys',
  'issuers.NAME.public_key': 'issuers-and-tokens.md#a-public-key-or-a-secret',
  'issuers.NAME.secret': 'issuers-and-tokens.md#a-public-key-or-a-secret',
  'issuers.NAME.audience': 'issuers-and-tokens.md#audience',
  'issuers.NAME.token_from': 'issuers-and-tokens.md#where-tokens-are',
  'issuers.NAME.claims': 'issuers-and-tokens.md#claims',
  'issuers.NAME.require': 'issuers-and-tokens.md#required-claims',
  'upstreams.NAME.health': 'upstreams.md#availability',
  'upstreams.NAME.ejection': 'upstreams.md#availability',
  'upstreams.NAME.breaker': 'upstreams.md#availability',
  'upstreams.NAME.keep_alive': 'upstreams.md#connections',
  'upstreams.NAME.retries': 'upstreams.md#retries',
  'upstreams.NAME.max_connections': 'upstreams.md#shares-of-a-target',
  'upstreams.NAME.headers.set': 'upstreams.md#claims-in-header-fields',
  'upstreams.NAME.resolve_every': 'upstreams.md#names-and-addresses',
  'upstreams.NAME.tls.insecure': 'upstreams.md#tls',
  'routes.host': '#hosts',
  'routes.match': '#placeholders',
  'routes.shadow': 'shadow.md',
  'routes.require': 'issuers-and-tokens.md#required-claims',
  'routes.limit': 'limits.md',
  'routes.rewrite': 'http.md#rewritten-paths',
  'routes.response_headers': 'http.md#what-the-client-receives',
  limits: 'limits.md#where-requests-are-counted',
  limit_status: 'limits.md#what-a-caller-has-left',
  limit_headers: 'limits.md#header-fields',
  'tokens.endpoints': 'token-service.md',
};

const keys = keyReference().filter(
  ({ path }) => !Object.keys(SAME_KEYS).some((it) => path.startsWith(`${it}.`)),
);
const page = readFileSync(PAGE, 'utf8').replaceAll(
  /(<!-- keys: (.*?) -->\n)[^]*?(<!-- end -->)/g,
  (_, start, name, end) => `${start}\n${tableOf(name)}\n${end}`,
);
if (process.argv.includes('--print')) process.stdout.write(page);
else writeFileSync(PAGE, page);

function tableOf(name) {
  const table = TABLES.find((each) => each.name === name);
  const rows = keys.filter(
    ({ path }) => TABLES.find(({ of }) => of.some((it) => path.startsWith(it))) === table,
  );
  return [
    '| key | type | default | example | meaning |',
    '|---|---|---|---|---|',
    ...rows.map((key) => rowOf(key, table)),
  ].join('\n');
}

function rowOf({ path, types, isRequired, default: value, description }, { without = '' }) {
  const same = SAME_KEYS[path];
  const more = MORE[path];
  const cells = [
    `\`${path.slice(without.length)}\``,
    types.join(', '),
    isRequired ? 'required' : (DEFAULTS[path] ?? defaultOf(value)),
    inFile(EXAMPLES[path]) ?? '',
    description.replaceAll('*', '\\*') +
      (same === undefined ? '' : ` Its keys: those of \`${same}\`.`) +
      (more === undefined ? '' : ` [More](${more})`),
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function defaultOf(value) {
  return JSON.stringify(value) === '{}' ? 'that of its keys' : (inFile(value) ?? 'none');
}

/** A value as the file states it. */
function inFile(value) {
  if (value === undefined) return undefined;
  const text = stringify(value, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: false });
  return `\`${text.trim()}\``;
}
