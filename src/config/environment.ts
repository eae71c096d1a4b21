/** `${NAME}` and `${NAME:-default}` in the values of a configuration, replaced before anything is checked. */
import { isScalar, parseDocument, Scalar } from 'yaml';
import { z } from 'zod';
import type { Path, Report } from './problem.js';
import { schema } from './schema/schema.js';
import { objectsAt, schemasAt } from './shapes.js';
import { DEEPEST, type Source } from './source.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * A copy of the source's value with the environment filled in. A value with a variable takes the type that its key asks for,
 * however it is quoted: a number or a boolean where the key takes one, else a text. What would be `false` in the place of a text is a problem. Keys that begin with `x-` are left out.
 */
export function expandEnv(source: Source, env: Environment, report: Report): unknown {
  return fill(source.value, [], []);

  function fill(value: unknown, path: Path, within: readonly object[]): unknown {
    if (typeof value === 'string') return value.includes('${') ? fillText(value, path) : value;
    if (typeof value !== 'object' || value === null) return value;
    if (within.length > DEEPEST || within.includes(value)) {
      report(path, 'is nested too deeply, or contains itself');
      return;
    }
    const inner = [...within, value];
    if (Array.isArray(value)) return value.map((each, index) => fill(each, [...path, index], inner));
    const copy: Record<string, unknown> = {};
    for (const [key, each] of Object.entries(value)) {
      if (isExtension(path, key)) continue;
      if (key === '__proto__') report([...path, key], 'unknown key "__proto__"', 'key');
      else copy[key] = fill(each, [...path, key], inner);
    }
    return copy;
  }

  function fillText(text: string, path: Path): unknown {
    const filled = text.replace(/\$\{([^}]*)\}?/g, (whole, inside: string) => {
      const parts = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(inside);
      if (!parts || !whole.endsWith('}')) {
        report(path, `"${whole}" is no variable; write \${NAME} or \${NAME:-default}`);
        return '';
      }
      const [, name = '', fallback] = parts;
      const value = Object.hasOwn(env, name) ? env[name] : undefined;
      // As in a shell, `:-` stands in for an empty value too.
      if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
      if (value === undefined) {
        report(
          path,
          `the environment variable ${name} is not set; set it or give a default: \${${name}:-default}`,
        );
      }
      return value ?? '';
    });
    const value = typed(filled);
    if (isSwitch(path, value)) {
      report(
        path,
        `${text} stands for "${filled}", which is no text here but switches something off; write ${String(value)} itself if that is meant`,
      );
    }
    return takes(path, value) ? value : filled;
  }
}

/** A number or a boolean where the text is one in YAML; never a structure, so a variable cannot bring keys. */
function typed(text: string): unknown {
  if (!/^[-+.\w]{1,40}$/.test(text)) return text;
  const node = parseDocument(text, { logLevel: 'silent' }).contents;
  const whole = isScalar(node) && node.type === Scalar.PLAIN && node.source === text;
  return whole && (typeof node.value === 'number' || typeof node.value === 'boolean') ? node.value : text;
}

/** Whether a key may have a number or a boolean of this value's kind. */
function takes(path: Path, value: unknown): boolean {
  return schemasAt(schema, path).some((each) => {
    if (each instanceof z.ZodNumber) return typeof value === 'number';
    if (each instanceof z.ZodBoolean) return typeof value === 'boolean';
    return each instanceof z.ZodLiteral && typeof value !== 'string' && each.values.has(value as never);
  });
}

/**
 * Whether this value switches off what the key is for, where any other is a text: `audience: ${AUD}` of `false` would check
 * no audience. A variable that is wrong must not do that.
 */
function isSwitch(path: Path, value: unknown): boolean {
  if (typeof value !== 'boolean') return false;
  const all = schemasAt(schema, path);
  return (
    all.some((each) => each instanceof z.ZodLiteral && each.values.has(value)) &&
    all.some((each) => each instanceof z.ZodString)
  );
}

/** As in compose files: a place for anchors and notes, where keys have names that the gate gives. */
function isExtension(path: Path, key: string): boolean {
  return key.startsWith('x-') && objectsAt(schema, path).length > 0;
}
