/** How much memory a process has, as Linux has it. */
import { readFile } from 'node:fs/promises';

async function residentMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

/** Begins to watch; the returned function ends it and tells by how many MiB the process grew at the most. */
export async function watchGrowth(pid: number): Promise<() => number> {
  const start = await residentMib(pid);
  let most = start;
  const timer = setInterval(() => {
    residentMib(pid).then(
      (now) => (most = Math.max(most, now)),
      () => clearInterval(timer),
    );
  }, 25);
  return () => {
    clearInterval(timer);
    return most - start;
  };
}
