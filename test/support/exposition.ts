/** Reads the text format of Prometheus strictly: version 0.0.4, as its specification states it. */

export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly ExposedSample[];
}

export interface ExposedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/s;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/y;
const TYPES = ['counter', 'gauge', 'histogram', 'summary'];

/** @throws Error for a text that is not in the format, that repeats a series, or whose histogram is not cumulative */
export function parseExposition(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<string, Family & { samples: ExposedSample[] }>();
  const seen = new Set<string>();
  let current: (Family & { samples: ExposedSample[] }) | undefined;
  let help: readonly [name: string, text: string] | undefined;
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (kind === 'HELP') help = [name, rest];
    else if (kind === 'TYPE') {
      if (help?.[0] !== name || !TYPES.includes(rest) || families.has(name))
        throw new Error(`wrong: ${line}`);
      families.set(name, (current = { name, type: rest, help: help[1], samples: [] }));
    } else {
      const sample = sampleOf(line);
      const key = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`;
      if (seen.has(key)) throw new Error(`twice: ${line}`);
      seen.add(key);
      if (!current || !belongsTo(sample, current)) throw new Error(`in the wrong place: ${line}`);
      current.samples.push(sample);
    }
  }
  for (const family of families.values()) if (family.type === 'histogram') checkHistogram(family);
  return families;
}

function sampleOf(line: string): ExposedSample {
  const [, name, labelsText = '', valueText = ''] = SAMPLE.exec(line) ?? [];
  if (name === undefined) throw new Error(`no sample: ${line}`);
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < labelsText.length) {
    const [, label, value] = LABEL.exec(labelsText) ?? [];
    if (label === undefined || label in labels) throw new Error(`wrong labels: ${line}`);
    labels[label] = value!.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
  }
  const value = Number(valueText.replace('Inf', 'Infinity'));
  if (Number.isNaN(value) && valueText !== 'NaN') throw new Error(`no number: ${line}`);
  return { name, labels, value };
}

function belongsTo({ name, labels }: ExposedSample, family: Family): boolean {
  if (family.type !== 'histogram') return name === family.name;
  const part = name.slice(family.name.length);
  return (
    name.startsWith(family.name) &&
    (part === '_bucket' ? 'le' in labels : part === '_sum' || part === '_count')
  );
}

function checkHistogram({ name, samples }: Family): void {
  const counts = new Map<string, number>();
  for (const { name: part, labels, value } of samples) {
    const { le, ...rest } = labels;
    const key = JSON.stringify(rest);
    if (part.endsWith('_bucket')) {
      if (value < (counts.get(key) ?? 0)) throw new Error(`${name} ${key} is not cumulative at ${le}`);
      counts.set(key, value);
    } else if (part.endsWith('_count') && counts.get(key) !== value)
      throw new Error(`${name} ${key} has another count than its last bucket`);
  }
}

/** Returns the value of a series; undefined where it is absent. @param labels all of them */
export function valueOf(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
  const wanted = JSON.stringify(Object.entries(labels).sort());
  return family?.samples.find(
    (sample) => sample.name === name && JSON.stringify(Object.entries(sample.labels).sort()) === wanted,
  )?.value;
}

/** How many series a text has. */
export function seriesCount(families: ReadonlyMap<string, Family>): number {
  return [...families.values()].reduce((count, { samples }) => count + samples.length, 0);
}
