/** A service in its own process, which a test can stop, kill and start again, like Redis. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Responds to every request with its own name. */
const SCRIPT = `
const [name, port] = process.argv.slice(1);
const server = require('node:http').createServer((req, res) => res.end(name));
server.listen(Number(port), '127.0.0.1', () => process.stdout.write(String(server.address().port)));
`;

export interface Service {
  readonly origin: string;
  /** Suspends it: the kernel still accepts connections, and it does not respond. */
  stop(): void;
  continue(): void;
  /** Kills it at once. */
  kill(): Promise<void>;
  /** Starts it at its port again. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function startService(name: string): Promise<Service> {
  let { child, port } = await run(name, 0);
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return {
    origin: `http://127.0.0.1:${port}`,
    stop: () => void child.kill('SIGSTOP'),
    continue: () => void child.kill('SIGCONT'),
    kill,
    async restart() {
      ({ child, port } = await run(name, port));
    },
    close: kill,
  };
}

async function run(name: string, port: number): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, ['-e', SCRIPT, name, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [told] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, port: Number(told.toString()) };
}
