/** Bare http-proxy: forwards, checks nothing. The yardstick. */
import { Agent, createServer } from 'node:http';
import httpProxy from 'http-proxy';
import { readStackContext, serve } from './context.js';

// Without an agent that keeps connections, http-proxy makes a new one for each request.
const proxy = httpProxy.createProxyServer({
  target: readStackContext().upstream,
  agent: new Agent({ keepAlive: true }),
});
proxy.on('error', (error) => process.stderr.write(`${error.stack ?? error.message}\n`));
serve(createServer((req, res) => proxy.web(req, res)));
