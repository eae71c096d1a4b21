/** Monitors a Redis: what scripts write, and when by its own clock. */
import { once } from 'node:events';
import { connect } from 'node:net';

export interface Write {
  readonly key: string;
  readonly value: Buffer;
}

export interface RedisMonitor {
  /** Every SET by a script, in order. */
  readonly writes: readonly Write[];
  close(): void;
}

/** @param prefix only keys that begin with it */
export async function monitorRedis(url: string, prefix: string): Promise<RedisMonitor> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const writes: Write[] = [];
  let rest = '';
  socket.on('data', (bytes) => {
    const lines = (rest + bytes.toString('latin1')).split('\r\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [name, key, value] = wordsOf(line);
      if (name?.toUpperCase() !== 'SET' || !line.includes(' lua] ') || !key?.startsWith(prefix)) continue;
      writes.push({ key, value: Buffer.from(value ?? '', 'latin1') });
    }
  });
  socket.write('MONITOR\r\n');
  await once(socket, 'data');
  return { writes, close: () => void socket.destroy() };
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' };

/** The quoted words of a line of MONITOR, as bytes. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = '']) =>
    word.replace(/\\(?:x(..)|(.))/g, (_, hex: string | undefined, sign: string | undefined) =>
      hex === undefined ? (ESCAPES[sign ?? ''] ?? sign ?? '') : String.fromCharCode(parseInt(hex, 16)),
    ),
  );
}
