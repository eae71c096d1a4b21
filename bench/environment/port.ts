/** A port of the loopback address that nobody listens on. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** The system may give a port again that nobody listens on yet. */
const given = new Set<number>();

export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    if (given.has(port)) continue;
    given.add(port);
    return port;
  }
}
