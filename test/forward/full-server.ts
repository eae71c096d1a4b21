/** An upstream to which no connection can be established. */
import { spawn } from 'node:child_process';
import { openRaw } from '../support/raw.js';

/** A server whose queue of connections is full, so that a further one is never accepted. */
export async function startFull(): Promise<{ origin: string; close(): Promise<void> }> {
  const script =
    "const s = require('net').createServer().listen({port: 0, host: '127.0.0.1', backlog: 1}, () => {" +
    'process.stdout.write(String(s.address().port)); setTimeout(() => { const e = Date.now() + 8000; while (Date.now() < e); }, 50) })';
  const child = spawn(process.execPath, ['-e', script]);
  const port = await new Promise<number>((resolve) =>
    child.stdout.once('data', (text: Buffer) => resolve(Number(text.toString()))),
  );
  await new Promise((resolve) => setTimeout(resolve, 150));
  const fillers = Array.from({ length: 4 }, () => openRaw(port));
  await new Promise((resolve) => setTimeout(resolve, 50));
  return {
    origin: `http://127.0.0.1:${port}`,
    async close() {
      fillers.forEach((filler) => filler.destroy());
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('close', resolve));
    },
  };
}
