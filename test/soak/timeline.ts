/** The timeline of the faults of a run. */

/** What a fault can affect. */
export type Subject = 'redis' | 'issuer' | 'clients' | 'machine' | `target ${number}` | `gateway ${number}`;

export interface Fault {
  readonly subject: Subject;
  /** `killed`, `hung` …: the kind of fault. */
  readonly kind: string;
  readonly fromMs: number;
  /** Infinity while it lasts. */
  toMs: number;
}

export interface Timeline {
  readonly faults: readonly Fault[];
  /** @returns ends the fault */
  begin(subject: Subject, kind: string): () => void;
  /** One that was noticed only when it was over. */
  note(subject: Subject, kind: string, fromMs: number): void;
  /** Those that overlap the interval, or ended at most `echoMs` before it. */
  touching(fromMs: number, toMs: number, echoMs: number, isMeant: (fault: Fault) => boolean): Fault[];
  isInjected(subject: Subject): boolean;
}

export function createTimeline(now: () => number): Timeline {
  const faults: Fault[] = [];
  return {
    faults,
    begin(subject, kind) {
      const fault = { subject, kind, fromMs: now(), toMs: Infinity };
      faults.push(fault);
      return () => void (fault.toMs = now());
    },
    note: (subject, kind, fromMs) => void faults.push({ subject, kind, fromMs, toMs: now() }),
    touching: (fromMs, toMs, echoMs, isMeant) =>
      faults.filter((fault) => isMeant(fault) && fault.fromMs <= toMs && fault.toMs + echoMs >= fromMs),
    isInjected: (subject) => faults.some((fault) => fault.subject === subject && fault.toMs === Infinity),
  };
}

/** A time, as in the log. */
export function at(ms: number): string {
  return Number.isFinite(ms) ? new Date(ms).toISOString().slice(11, 23) : 'no end';
}

/** Whether a process of a gateway was killed: the gateway itself, or a worker. */
export function isDeadly({ kind }: Fault): boolean {
  return kind === 'killed' || kind === 'worker killed';
}
