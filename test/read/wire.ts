/** A real server that only stores the heads that it reads, so that real bytes are parsed. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import type { RequestHead } from '../../src/model/request.js';
import { createReader } from '../../src/read/read.js';

export interface Wire {
  /** Sends the bytes of a request's head and waits for the parsed head. */
  read(lines: readonly string[], address?: string): Promise<RequestHead>;
  close(): Promise<void>;
}

/** A connection to a reader that trusts the given proxies; every new id is `new-id`. */
export async function openWire(trustProxy: readonly string[], listenOn = '127.0.0.1'): Promise<Wire> {
  const reader = createReader({ trustProxy, newId: () => 'new-id' });
  const heads: ((head: RequestHead) => void)[] = [];
  const server = createServer({ requireHostHeader: false });
  const take = (req: IncomingMessage): void => {
    heads.shift()?.(reader(req));
    req.socket.destroy();
  };
  for (const event of ['request', 'upgrade', 'connect', 'checkContinue', 'checkExpectation'])
    server.on(event, take);
  server.listen(listenOn.startsWith('/') ? { path: listenOn } : { host: listenOn, port: 0 });
  await once(server, 'listening');

  return {
    async read(lines, address = listenOn) {
      const read = new Promise<RequestHead>((resolve) => heads.push(resolve));
      const socket = dial(server, address);
      socket.on('error', () => socket.destroy());
      socket.write(Buffer.from([...lines, '', ''].join('\r\n'), 'latin1'));
      const refused = once(socket, 'data').then(([data]) => {
        throw new Error(`the parser refused it: ${String(data)}`);
      });
      refused.catch(() => undefined);
      try {
        return await Promise.race([read, refused]);
      } finally {
        socket.destroy();
      }
    },
    async close() {
      server.close();
      await once(server, 'close');
    },
  };
}

function dial(server: Server, address: string): Socket {
  if (address.startsWith('/')) return connect(address);
  return connect((server.address() as AddressInfo).port, address);
}
