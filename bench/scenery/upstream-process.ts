/** The upstream where nginx is not installed: `node upstream-process.js PORT COUNT_PORT BODY`. */
import { createServer } from 'node:http';

const [, , port, countPort, body = ''] = process.argv;
const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
let requests = 0;

const upstream = createServer((_req, res) => {
  requests++;
  res.writeHead(200, headers).end(body);
});
// Longer than the pause of a stack between its turns.
upstream.keepAliveTimeout = 75_000;
upstream.listen(Number(port), '127.0.0.1');

// In the form of nginx's stub_status, this request counted too.
createServer((_req, res) => res.end(` 0 0 ${++requests} \n`)).listen(Number(countPort), '127.0.0.1');
