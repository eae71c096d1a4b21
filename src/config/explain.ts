/** Turns zod issues into problems: one sentence, at the right location, for each mistake. `validate.ts` calls it. */
import type { z } from 'zod';
import { formatPath, type Path, type Report } from './problem.js';
import { refusedKeys } from './schema/refused-keys.js';
import { schema } from './schema/schema.js';
import { has } from './paths.js';
import { objectsAt, PLACES } from './shapes.js';
import { closest, contained } from './suggest.js';

type Issue = z.core.$ZodIssue;

/** Error texts where the schema has none. A text that begins with `must` gets the key's name before it. */
export const defaultText: z.core.$ZodErrorMap = (issue) => {
  const key = issue.path?.at(-1);
  if (issue.input === undefined && key !== undefined) return `missing key "${String(key)}"`;
  if (issue.code !== 'invalid_type') return undefined;
  const isObject = issue.expected === 'object' || issue.expected === 'record';
  return `must be ${isObject ? 'keys with values' : `a ${issue.expected}`}`;
};

/**
 * Reports the issues.
 * @returns the paths of keys that misspelt keys stand for, so that they do not count as missing
 */
export function explain(issues: readonly Issue[], value: unknown, report: Report): ReadonlySet<string> {
  const intended = new Set<string>();
  const flat = issues.flatMap((issue) => bestBranch(issue, []));
  for (const issue of flat) {
    if (issue.code !== 'unrecognized_keys') continue;
    for (const key of issue.keys) {
      const { text, near } = unknownKey(issue.path, key);
      report([...issue.path, key], text, 'key');
      if (near !== undefined) intended.add(formatPath([...issue.path, near]));
    }
  }
  for (const { code, path, message, ...issue } of flat) {
    if (code === 'unrecognized_keys' || (message.startsWith('missing ') && intended.has(formatPath(path))))
      continue;
    if (code === 'invalid_key' && 'issues' in issue) {
      report(path, `"${String(path.at(-1))}" ${issue.issues[0]?.message ?? 'is no name'}`, 'key');
    } else report(path, withKeyName(path, value, message));
  }
  return intended;
}

/** A union reports only "invalid". The issues of the branch that fits best say what is wrong. */
function bestBranch(issue: Issue, parentPath: Path): Issue[] {
  const path = [...parentPath, ...issue.path];
  if (issue.code !== 'invalid_union') return [{ ...issue, path }];
  const branches = issue.errors
    .map((branch) => branch.flatMap((each) => bestBranch(each, path)))
    .filter((branch) => !branch.some((each) => each.path.length === path.length && isWrongKind(each)))
    .sort((one, other) => one.length - other.length);
  return branches[0] ?? [{ ...issue, path }];
}

function isWrongKind({ code }: Issue): boolean {
  return code === 'invalid_type' || code === 'invalid_value' || code === 'invalid_union';
}

/** Puts the key's name before the text. For the short form of an object that is the object's key. */
function withKeyName(path: Path, value: unknown, text: string): string {
  if (!text.startsWith('must ')) return text;
  const key = path.findLast(
    (step, index) => typeof step === 'string' && has(value, path.slice(0, index + 1)),
  );
  return key === undefined ? `the configuration ${text}` : `"${String(key)}" ${text}`;
}

function unknownKey(path: Path, key: string): { text: string; near?: string } {
  const objects = objectsAt(schema, path);
  const refused = objects.map((object) => refusedKeys.get(object)?.[key]).find((text) => text !== undefined);
  if (refused !== undefined) return { text: refused };
  // If an object has several forms, a key of one may be unknown to another.
  const siblings = objects.flatMap((object) => Object.keys(object.shape)).filter((each) => each !== key);
  const text = `unknown key "${key}"`;
  const hint = (near: string) => ({ text: `${text}; did you mean "${near}"?`, near });
  const near = closest(key, siblings);
  if (near !== undefined) return hint(near);
  const places = PLACES.filter(({ at }) =>
    objectsAt(schema, at).some((object) => Object.hasOwn(object.shape, key)),
  );
  if (places.length > 0)
    return { text: `${text} here; it belongs ${anyOf(places.map(({ words }) => words))}` };
  const part = contained(key, siblings);
  return part === undefined ? { text } : hint(part);
}

/** Joins texts: `a`, `a or b`, `a, b or c`. */
function anyOf(texts: readonly string[]): string {
  return texts.join(', ').replace(/, ([^,]*)$/, ' or $1');
}
