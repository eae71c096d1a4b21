/**
 * Asks the running gateway for `tollgate explain`: what it would do with a request, and why it refused one. Called by
 * `explain.ts`.
 */
import { adminTokenFile, findAdminToken } from '../app/admin-token.js';
import type { ExplainRequest, Explanation } from '../model/explanation.js';
import type { Settings } from '../model/settings.js';
import type { ExplainedRefusal } from '../telemetry/refusal-json.js';
import { askAdminPort, Unreachable, type AdminPort, type AdminRequest } from './admin-client.js';
import { UsageError, type Terminal } from './command.js';

export interface GatewayQuestion {
  /** The value of `--admin`; undefined: the file's admin address. */
  readonly admin: string | undefined;
  /** The file's settings; undefined with `--admin` alone. */
  readonly settings: Settings | undefined;
  readonly env: Terminal['env'];
}

/** Why the gateway did not decide: a part of a sentence. */
class NotAsked extends Error {}

const HTTP_PORT = 80;
const HTTPS_PORT = 443;

/**
 * Lets the running gateway explain a request. Without `--admin` it must run the same file.
 *
 * @returns the explanation, or why the file alone has to decide
 * @throws UsageError where `--admin` is given and that gateway does not explain it
 */
export async function explainByGateway(
  request: ExplainRequest,
  question: GatewayQuestion,
): Promise<Explanation | string> {
  const { admin, settings } = question;
  const { peer: ip, headers, ...rest } = request;
  const body = {
    ...rest,
    ip,
    headers: pairsOf(headers),
    ...(admin === undefined && settings?.sourceDigest !== undefined && { config: settings.sourceDigest }),
  };
  try {
    return await ask<Explanation>(question, { method: 'POST', path: '/api/explain', body });
  } catch (error) {
    if (!(error instanceof NotAsked)) throw error;
    if (admin !== undefined) throw new UsageError(error.message);
    return error.message;
  }
}

/**
 * Returns the decision about a request that the running gateway refused.
 *
 * @param id its `X-Request-Id`, or the one that the client sent
 * @throws UsageError where the id is empty, the gateway cannot be asked, or it no longer keeps that refusal
 */
export async function findRefusal(id: string, question: GatewayQuestion): Promise<ExplainedRefusal> {
  if (id === '') throw new UsageError('--request needs the X-Request-Id of a response');
  const path = `/api/refusals/${encodeURIComponent(id)}`;
  return ask<ExplainedRefusal>(question, { method: 'GET', path }).catch((error: unknown): never => {
    throw error instanceof NotAsked ? new UsageError(error.message) : error;
  });
}

async function ask<T>(question: GatewayQuestion, asked: Omit<AdminRequest, 'credential'>): Promise<T> {
  const port = portOf(question);
  const credential = await credentialOf(question.env);
  const response = await askAdminPort(port, { ...asked, credential }).catch((error: unknown): never => {
    if (error instanceof Unreachable)
      throw new NotAsked(`no gateway responds at ${port.origin} (${error.message})`);
    throw error;
  });
  const { status, body } = response;
  if (status === 200 && typeof body === 'object' && body !== null && 'verdict' in body) return body as T;
  throw new NotAsked(problemOf(status, port.origin, body));
}

function problemOf(status: number, origin: string, body: unknown): string {
  if (status === 401 || status === 429) return `the gateway at ${origin} does not accept the credential`;
  if (status === 409) return `the gateway at ${origin} runs another configuration than this file`;
  if (status === 421)
    return `the gateway at ${origin} does not accept this host name; list it in admin.hosts`;
  const message = messageOf(body);
  if (status === 404 && message === 'No such refusal is kept')
    return `the gateway at ${origin} keeps no refusal with this id; it keeps the last 1,000, until it restarts`;
  if (status === 404) return `the gateway at ${origin} has no /api`;
  return `${origin} responds with ${status}${message === undefined ? '' : `: ${message}`}`;
}

/** The message of the gateway's own error body. */
function messageOf(body: unknown): string | undefined {
  const { errors } = (body ?? {}) as { errors?: unknown };
  const [first] = (Array.isArray(errors) ? errors : []) as readonly { message?: unknown }[];
  return typeof first?.message === 'string' ? first.message : undefined;
}

async function credentialOf(env: Terminal['env']): Promise<string> {
  const credential = await findAdminToken(env).catch((error: unknown): never => {
    throw new NotAsked(error instanceof Error ? error.message : String(error));
  });
  if (credential !== undefined && credential !== '') return credential;
  throw new NotAsked(
    `there is no administrator's credential: neither TOLLGATE_ADMIN_TOKEN nor ${adminTokenFile(env)}`,
  );
}

/**
 * @throws UsageError where `--admin` is not the URL of an admin port; NotAsked where the file's admin port is not fixed
 */
function portOf({ admin, settings }: GatewayQuestion): AdminPort {
  if (admin !== undefined) return portOfUrl(admin, settings?.admin?.tls?.cert);
  const { host = '', port = 0, tls } = settings?.admin ?? {};
  if (port === 0) throw new NotAsked('the file has no fixed port in "admin"');
  const name = LOOPBACK[host] ?? host;
  const origin = `${tls ? 'https' : 'http'}://${name.includes(':') ? `[${name}]` : name}:${port}`;
  // The port accepts this name, whatever admin.hosts lists.
  return {
    origin,
    host: name,
    port,
    isTls: tls !== undefined,
    hostField: 'localhost',
    certificate: tls?.cert,
  };
}

/** All addresses of the machine, to connect to. */
const LOOPBACK: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

function portOfUrl(text: string, certificate: string | undefined): AdminPort {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isTls = url?.protocol === 'https:';
  if (!url || !(isTls || url.protocol === 'http:') || url.pathname !== '/' || url.username !== '')
    throw new UsageError('--admin must be a URL such as http://127.0.0.1:8081');
  const { hostname, origin } = url;
  return {
    origin,
    host: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    port: url.port === '' ? (isTls ? HTTPS_PORT : HTTP_PORT) : Number(url.port),
    isTls,
    hostField: url.host,
    certificate,
  };
}

function pairsOf(flat: readonly string[]): readonly (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) pairs.push([flat[at]!, flat[at + 1]!]);
  return pairs;
}
