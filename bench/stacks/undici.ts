/** Bare `http.createServer` and undici: the minimum that forwarding costs in Node. Checks nothing. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Pool, type Dispatcher } from 'undici';
import { readStackContext, serve } from './context.js';

const { upstream } = readStackContext();
const pool = new Pool(upstream);
const host = new URL(upstream).host;
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'host']);

class Answer implements Dispatcher.DispatchHandler {
  constructor(private readonly res: ServerResponse) {}

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.res.once('close', () => {
      if (!this.res.writableFinished) controller.abort(new Error('the client has gone'));
    });
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    this.res.writeHead(status, endToEnd(controller.rawHeaders as readonly Buffer[]));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.res.write(chunk)) return;
    controller.pause();
    this.res.once('drain', () => controller.resume());
  }

  onResponseEnd(): void {
    this.res.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.res.destroyed) return;
    process.stderr.write(`${error.stack ?? error.message}\n`);
    this.res.destroy();
  }
}

function endToEnd(raw: readonly (Buffer | string)[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toString('latin1');
    if (!HOP_BY_HOP.has(name.toLowerCase())) kept.push(name, raw[i + 1]!.toString('latin1'));
  }
  return kept;
}

function forward(req: IncomingMessage, res: ServerResponse): void {
  const headers = endToEnd(req.rawHeaders);
  headers.push('host', host);
  const method = req.method ?? 'GET';
  const body = method === 'GET' || method === 'HEAD' ? null : req;
  pool.dispatch({ path: req.url ?? '/', method, headers, body }, new Answer(res));
}

serve(createServer(forward));
