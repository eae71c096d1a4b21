/** A service in a process of its own, which a test can stop, kill and start again, as it can Redis. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Says its own name to every request. */
const SCRIPT = `
const [name, port] = process.argv.slice(1);
const server = require('node:http').createServer((req, res) => res.end(name));
server.listen(Number(port), '127.0.0.1', () => process.stdout.write(String(server.address().port)));
`;

export interface Service {
  readonly origin: string;
  /** Stops it as it stands: connections are still taken, by the kernel, and nothing answers. */
  stop(): void;
  continue(): void;
  /** Ends it at once. */
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
