/** The CPU time and memory of a process and its descendants, read from Linux's /proc. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

interface Entry {
  readonly pid: number;
  readonly parent: number;
  /** Of itself and of the children that it has waited for, in clock ticks. */
  readonly ticks: number;
}

const TICK_MS = 1000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** CPU milliseconds of the process tree since its start, user and system together. */
export function cpuMs(root: number): number {
  let ticks = 0;
  for (const entry of tree(root)) ticks += entry.ticks;
  return ticks * TICK_MS;
}

/** The most memory that was resident at once, summed over the process tree, in bytes. */
export function peakMemory(root: number): number {
  let bytes = 0;
  for (const { pid } of tree(root)) {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readProc(pid, 'status')) ?? [];
    bytes += Number(kilobytes ?? 0) * 1024;
  }
  return bytes;
}

function tree(root: number): readonly Entry[] {
  const entries = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readEntry(Number(name)))
    .filter((entry) => entry !== undefined);
  const found = entries.filter(({ pid }) => pid === root);
  if (found.length === 0) throw new Error(`process ${root} has gone`);
  // Breadth first: the array grows during the iteration.
  for (const { pid } of found) found.push(...entries.filter(({ parent }) => parent === pid));
  return found;
}

function readEntry(pid: number): Entry | undefined {
  const stat = readProc(pid, 'stat');
  if (stat === '') return undefined;
  // The name, in parentheses, may itself hold spaces and parentheses: the fields are counted after its end (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return { pid, parent: Number(fields[1]), ticks };
}

/** Empty if the process ended meanwhile. */
function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
