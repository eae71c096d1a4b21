/** A minimal edge around a forwarder: builds the head, admits every request, sends refusals. */
import { ServerResponse, createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import {
  createForwarder,
  openUpstream,
  type Exchange,
  type Forwarder,
  type TokenWatcher,
  type ForwardOutcome,
  type UpstreamOptions,
  type UpstreamPools,
} from '../../src/forward/forward.js';
import { endBatched } from '../../src/server/response-batcher.js';
import type { Log } from '../../src/model/log.js';
import { ANONYMOUS, NO_CLAIMS, type Principal } from '../../src/model/principal.js';
import { Refusal, type FlatHeaders } from '../../src/model/refusal.js';
import type { RequestHead } from '../../src/model/request.js';
import type { Route } from '../../src/model/route.js';
import { makeRoute, makeUpstream, targetAt } from '../support/route.js';
import type { Upstream } from '../../src/model/upstream.js';

export interface EdgeOptions {
  readonly upstream?: Partial<Upstream>;
  readonly principal?: Principal;
  readonly maxBodyBytes?: number;
  readonly bodyTimeoutMs?: number;
  readonly minBodyRate?: number;
  readonly responseHeaders?: FlatHeaders;
  /** Further settings of the route. */
  readonly route?: Partial<Route>;
  readonly streamWatcher?: Pick<TokenWatcher, 'watch'> & Partial<TokenWatcher>;
  readonly lookup?: UpstreamOptions['lookup'];
  readonly parsedBody?: (req: IncomingMessage) => Buffer;
  /** What a middleware before the gateway does. */
  readonly before?: (req: IncomingMessage, res: ServerResponse) => unknown;
}

export interface Edge {
  readonly port: number;
  /** The results of the exchanges, in the order in which they ended. */
  readonly results: readonly (ForwardOutcome | Refusal)[];
  readonly forwarder: Forwarder;
  readonly pools: UpstreamPools;
  readonly logged: readonly string[];
  /** The fields of each line of the log. */
  readonly loggedFields: readonly object[];
  /** What each answer of an upstream ended with: the whole body where that came with the head. */
  readonly endings: readonly (string | undefined)[];
  /** The next result that is not there yet, or the n-th. */
  result(index?: number): Promise<ForwardOutcome | Refusal>;
  close(): Promise<void>;
}

export function upstreamAt(origin: string, more: Partial<Upstream> = {}): Upstream {
  return makeUpstream({
    name: 'behind',
    targets: [targetAt(origin)],
    timeoutMs: 2000,
    idleTimeoutMs: 2000,
    tunnelIdleMs: 5000,
    retries: 1,
    maxConnections: 16,
    ...more,
  });
}

export const CALLER: Principal = {
  issuer: 'main',
  app: 'app-1',
  appName: 'Ümlaut 100%',
  organization: 'Org',
  subject: 'sub|1',
  tokenId: undefined,
  family: undefined,
  generation: 0,
  scopes: ['a:read', 'b c'],
  expiresAtMs: Infinity,
  issuedAtMs: -Infinity,
  claims: NO_CLAIMS,
};

function headOf(req: IncomingMessage): RequestHead {
  const sized = req.headers['content-length'];
  return {
    id: 'gate-id',
    clientRequestId: undefined,
    method: req.method ?? '',
    target: req.url ?? '',
    host: req.headers.host ?? '',
    rawHeaders: req.rawHeaders,
    authorization: req.headers.authorization,
    socket: req.socket,
    origin: undefined,
    preflightMethod: undefined,
    body: req.headers['transfer-encoding'] ? 'chunked' : sized === undefined ? 'none' : 'sized',
    contentLength: Number(sized ?? 0),
    expectsContinue: req.headers.expect !== undefined,
    websocket: req.headers.upgrade === 'websocket',
    clientIp: req.headers['x-test-ip']?.toString() ?? '192.0.2.1',
    forwardedFor: '192.0.2.1',
    forwardedProto: 'http',
    forwardedHost: 'gate.test',
    forwarded: undefined,
    viaTrustedProxy: false,
    headError: undefined,
  };
}

function routeTo(upstream: Upstream, maxBodyBytes: number): Route {
  return makeRoute({ match: '* /{path*}', methods: 'any', path: [], upstream, maxBodyBytes });
}

export async function startEdge(origin: string, options: EdgeOptions = {}): Promise<Edge> {
  const logged: string[] = [];
  const loggedFields: object[] = [];
  const keep = (fields: object, message: string): void => {
    logged.push(message);
    loggedFields.push(fields);
  };
  const log: Log = { debug: keep, info: keep, warn: keep, error: keep };
  const upstream = upstreamAt(origin, options.upstream);
  const streamWatcher: TokenWatcher | undefined = options.streamWatcher && {
    isRevoked: () => false,
    onRevocation: () => () => undefined,
    ...options.streamWatcher,
  };
  const now = (): number => performance.now();
  const pools = openUpstream(upstream, {
    now,
    random: Math.random,
    log,
    ...(options.lookup && { lookup: options.lookup }),
    ...(streamWatcher && { streamWatcher }),
  });
  const forwarder = createForwarder(new Map([[upstream.name, pools]]), {
    now,
    bodyTimeoutMs: options.bodyTimeoutMs ?? 1000,
    minBodyRate: options.minBodyRate ?? 0,
    log,
    ...(streamWatcher && { streamWatcher }),
  });
  const route = { ...routeTo(upstream, options.maxBodyBytes ?? 10_000_000), ...options.route };
  const results: (ForwardOutcome | Refusal)[] = [];
  const endings: (string | undefined)[] = [];
  const waiting = new Set<() => void>();
  const sockets = new Set<Socket>();

  const done = (result: ForwardOutcome | Refusal): void => {
    results.push(result);
    waiting.forEach((look) => look());
  };
  const exchangeOf = (req: IncomingMessage, res: ServerResponse): Exchange => {
    const head = headOf(req);
    const [path, query] = head.target.split(/(?=\?)/);
    const principal = options.principal ?? ANONYMOUS;
    const matched = path ?? '/';
    const admission = {
      route,
      path: matched,
      matched,
      query: query ?? '',
      principal,
      quota: undefined,
      shadow: undefined,
    };
    const responseHeaders = options.responseHeaders ?? ['X-Request-Id', head.id];
    return {
      req,
      res,
      head,
      admission,
      responseHeaders,
      parsedBody: options.parsedBody?.(req),
      end(res, last, slow) {
        endings.push(last?.toString());
        endBatched(res, last, slow);
      },
    };
  };
  const refuse = (req: IncomingMessage, res: ServerResponse, refusal: Refusal): void => {
    if (res.destroyed) return;
    if (!req.complete) res.shouldKeepAlive = false;
    res.writeHead(refusal.status, ['Content-Length', String(refusal.body.length), ...refusal.headers]);
    res.end(refusal.body);
  };
  const serve = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    await options.before?.(req, res);
    const result = await forwarder.forward(exchangeOf(req, res));
    if (result instanceof Refusal) refuse(req, res, result);
    done(result);
  };
  const handle = (req: IncomingMessage, res: ServerResponse): void => void serve(req, res);

  const server = createServer(handle);
  server.on('checkContinue', handle);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (req, socket: Socket, firstBytes) => {
    const res = new ServerResponse(req);
    res.shouldKeepAlive = false;
    res.assignSocket(socket);
    socket.on('error', () => socket.destroy());
    res.once('finish', () => socket.end());
    void forwarder
      .tunnel({ ...exchangeOf(req, res), socket, firstBytes, opened: () => undefined })
      .then((result) => {
        if (result instanceof Refusal) refuse(req, res, result);
        done(result);
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    port: (server.address() as AddressInfo).port,
    results,
    forwarder,
    pools,
    logged,
    loggedFields,
    endings,
    result: (index = results.length) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = results[index];
          if (!found) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await pools.close();
    },
  };
}
