/** The upstream if nginx is not installed: `node upstream-process.js PORT COUNT_PORT BODY_FILE`. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [, , port, countPort, bodyFile = ''] = process.argv;
const body = readFileSync(bodyFile);
const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length };
let requests = 0;

const upstream = createServer((req, res) => {
  requests++;
  req.resume().once('end', () => res.writeHead(200, headers).end(body));
});
// Longer than the pause of a stack between its turns.
upstream.keepAliveTimeout = 75_000;
upstream.listen(Number(port), '127.0.0.1');

// In the form of nginx's stub_status, including this request.
createServer((_req, res) => res.end(` 0 0 ${++requests} \n`)).listen(Number(countPort), '127.0.0.1');
