/** An upstream that reports every request it gets, and every byte that the gateway must never write. */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Fault, StrictReader, type ReceivedRequest } from './strict-reader.js';

export interface StrictUpstream {
  readonly origin: string;
  /** What should never have been sent, each with the bytes. */
  readonly faults: readonly string[];
  close(): Promise<void>;
}

const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

/** @param onArrival called with each request once its head is complete */
export async function startStrictUpstream(
  onArrival: (arrival: ReceivedRequest) => void,
): Promise<StrictUpstream> {
  const faults: string[] = [];
  const open = new Set<Socket>();
  let responses = 0;

  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => socket.destroy());
    const reader = new StrictReader(onHead, onWhole);

    function onHead(arrival: ReceivedRequest): boolean {
      onArrival(arrival);
      if (!isEarly(arrival)) return false;
      socket.write(answerTo(arrival, 0));
      return true;
    }
    function onWhole(arrival: ReceivedRequest): boolean {
      if (isEarly(arrival)) return false;
      if (arrival.fields.some(([name]) => name.toLowerCase() === 'upgrade')) {
        socket.write(SWITCHED);
        return true;
      }
      const response = answerTo(arrival, (responses += 1));
      socket.write(response);
      if (response.includes('Connection: close')) socket.end();
      return false;
    }

    socket.setEncoding('latin1').on('data', (text: string) => {
      try {
        reader.push(text);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        faults.push(error.message);
        socket.destroy();
      }
    });
  });

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults,
    close() {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Gets its response before its body is complete. */
function isEarly({ target }: ReceivedRequest): boolean {
  return target.includes('early');
}

/** Every framing of a response, in turn. */
function answerTo({ method }: ReceivedRequest, turn: number): string {
  if (method === 'HEAD') return 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n';
  switch (turn % 8) {
    case 1:
      return 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n';
    case 2:
      return 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok';
    case 3:
      return 'HTTP/1.1 204 No Content\r\n\r\n';
    case 4:
      return 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n';
    case 5:
      return 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
    case 6:
      return `HTTP/1.1 404 Not Found\r\nContent-Length: 20000\r\n\r\n${'a'.repeat(20_000)}`;
    default:
      return 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
  }
}
