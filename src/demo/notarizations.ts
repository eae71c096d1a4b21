/**
 * The demo's service: notarizations and their stamps, with an event stream and a WebSocket echo. It has no code for
 * tokens or limits. It trusts the X-App-* fields, as a service behind the gateway may.
 */
import { createServer, type Server } from 'node:http';
import express, { type Express } from 'express';
import { WebSocketServer } from 'ws';

interface Stamp {
  readonly id: number;
  readonly notarization: string;
  readonly by: string;
  readonly at: string;
}

const FEED_INTERVAL_MS = 1000;
const FEED_EVENTS = 60;

/**
 * Creates the service; the caller makes it listen.
 * @param jwks the JWKS of the demo's issuer, served at /jwks
 */
export function createNotarizations(jwks: object): Server {
  const stamps: Stamp[] = [];
  const stamp = (notarization: string, by: string): Stamp => {
    const created = { id: stamps.length + 1, notarization, by, at: new Date().toISOString() };
    stamps.push(created);
    return created;
  };
  stamp('1', 'sample-app');
  stamp('2', 'sample-app');

  const app: Express = express();
  app.disable('x-powered-by');
  app.get('/jwks', (_req, res) => {
    res.json(jwks);
  });
  app.get('/status', (_req, res) => {
    res.json({ status: 'open' });
  });
  app.get('/notarizations/stamps', (_req, res) => {
    res.json({ stamps });
  });
  app.get('/notarizations/feed', (_req, res) => {
    res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
    let sent = 0;
    const send = (): void => {
      res.write(`event: stamps\ndata: ${JSON.stringify({ count: stamps.length })}\n\n`);
      if (++sent === FEED_EVENTS) res.end();
    };
    const timer = setInterval(send, FEED_INTERVAL_MS);
    res.once('close', () => clearInterval(timer));
    send();
  });
  app.get('/notarizations/:id/stamps', (req, res) => {
    res.json({ stamps: stamps.filter(({ notarization }) => notarization === req.params.id) });
  });
  app.post('/notarizations/:id/stamps', (req, res) => {
    req.resume();
    req.once('end', () => {
      res.status(201).json(stamp(req.params.id, req.get('x-app-id') ?? 'nobody'));
    });
  });

  const server = createServer(app);
  const echo = new WebSocketServer({ server, path: '/notarizations/echo' });
  // It re-emits the server's errors, which are handled by the server's own listener.
  echo.on('error', () => undefined);
  echo.on('connection', (socket) => {
    socket.on('message', (data, binary) => {
      socket.send(data, { binary });
    });
    socket.on('error', () => {
      socket.terminate();
    });
  });
  return server;
}
