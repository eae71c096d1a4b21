/** The memory use of a process, as reported by Linux. */
import { readFile } from 'node:fs/promises';

async function residentMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

/** Starts watching; the returned function stops it and returns the largest growth in MiB. */
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
