/** Bare http-proxy: forwards, checks nothing. The baseline. */
import { Agent, createServer } from 'node:http';
import httpProxy from 'http-proxy';
import { readStackContext, serve } from './context.js';

// Without a keep-alive agent, http-proxy opens a new connection for each request.
const proxy = httpProxy.createProxyServer({
  target: readStackContext().upstream,
  agent: new Agent({ keepAlive: true }),
});
proxy.on('error', (error) => process.stderr.write(`${error.stack ?? error.message}\n`));
serve(createServer((req, res) => proxy.web(req, res)));
