/** Bare http-proxy: forwards, checks nothing. The yardstick. */
import { Agent, createServer } from 'node:http';
import httpProxy from 'http-proxy';
import { readWorld, serve } from './world.js';

// Without an agent that keeps connections, http-proxy makes a new one for each request.
const proxy = httpProxy.createProxyServer({
  target: readWorld().upstream,
  agent: new Agent({ keepAlive: true }),
});
proxy.on('error', (error) => process.stderr.write(`${error.stack ?? error.message}\n`));
serve(createServer((req, res) => proxy.web(req, res)));
