/** Reads the used heap of a running Node process through its inspector, after garbage collection. */
import { once } from 'node:events';
import { WebSocket } from 'ws';

interface Reply {
  readonly id?: number;
  readonly result?: { readonly usedSize?: number };
}

/** @param url as the process prints it: `ws://127.0.0.1:…` @returns bytes */
export async function heapInUse(url: string): Promise<number> {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  let ids = 0;
  const ask = (method: string): Promise<Reply> =>
    new Promise((resolve) => {
      const id = (ids += 1);
      socket.on('message', (data: Buffer) => {
        const reply = JSON.parse(data.toString()) as Reply;
        if (reply.id === id) resolve(reply);
      });
      socket.send(JSON.stringify({ id, method }));
    });
  // What the first collection finalizes, the second one frees.
  await ask('HeapProfiler.collectGarbage');
  await ask('HeapProfiler.collectGarbage');
  const { result } = await ask('Runtime.getHeapUsage');
  socket.close();
  await once(socket, 'close');
  return result?.usedSize ?? 0;
}
