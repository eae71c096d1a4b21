/** Replaces `${NAME}` and `${NAME:-default}` in the values of a configuration before it is checked. */
import { isScalar, parseDocument, Scalar } from 'yaml';
import { z } from 'zod';
import type { Path, Report } from './problem.js';
import { schema } from './schema/schema.js';
import { objectsAt, schemasAt } from './shapes.js';
import { DEEPEST, type Source } from './source.js';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Copies the source's value with its variables expanded. A value with a variable gets the type that its key accepts,
 * however it is quoted: a number or a boolean if the key accepts one, else a string. A variable that would put `false`
 * or `none` where a string is expected, and so disable a check, is a problem. Keys that begin with `x-` are left out.
 * @param report gets unset and malformed variables, and a value that is nested too deeply
 */
export function expandEnv(source: Source, env: Environment, report: Report): unknown {
  return expand(source.value, [], []);

  function expand(value: unknown, path: Path, ancestors: readonly object[]): unknown {
    if (typeof value === 'string') return value.includes('${') ? expandText(value, path) : value;
    if (typeof value !== 'object' || value === null) return value;
    if (ancestors.length > DEEPEST || ancestors.includes(value)) {
      report(path, 'is nested too deeply, or contains itself');
      return;
    }
    const nextAncestors = [...ancestors, value];
    if (Array.isArray(value))
      return value.map((each, index) => expand(each, [...path, index], nextAncestors));
    const copy: Record<string, unknown> = {};
    for (const [key, each] of Object.entries(value)) {
      if (isExtension(path, key)) continue;
      if (key === '__proto__') report([...path, key], 'unknown key "__proto__"', 'key');
      else copy[key] = expand(each, [...path, key], nextAncestors);
    }
    return copy;
  }

  function expandText(text: string, path: Path): unknown {
    const expanded = text.replace(/\$\{([^}]*)\}?/g, (whole, expression: string) => {
      const parts = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(expression);
      if (!parts || !whole.endsWith('}')) {
        report(path, `"${whole}" is no variable; write \${NAME} or \${NAME:-default}`);
        return '';
      }
      const [, name = '', fallback] = parts;
      const value = Object.hasOwn(env, name) ? env[name] : undefined;
      // As in a shell, `:-` also replaces an empty value.
      if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
      if (value === undefined) {
        report(
          path,
          `the environment variable ${name} is not set; set it or give a default: \${${name}:-default}`,
        );
      }
      return value ?? '';
    });
    const value = parseScalar(expanded);
    if (isDisablingValue(path, value)) {
      report(
        path,
        `${text} expands to "${expanded}", which is no text here but disables something; write ${String(value)} itself if that is meant`,
      );
    }
    return accepts(path, value) ? value : expanded;
  }
}

/** Parses a number or a boolean as YAML does. It never parses a structure, so a variable cannot add keys. */
function parseScalar(text: string): unknown {
  if (!/^[-+.\w]{1,40}$/.test(text)) return text;
  const node = parseDocument(text, { logLevel: 'silent' }).contents;
  const whole = isScalar(node) && node.type === Scalar.PLAIN && node.source === text;
  return whole && (typeof node.value === 'number' || typeof node.value === 'boolean') ? node.value : text;
}

/** Whether the key accepts a number or a boolean of this value's type. */
function accepts(path: Path, value: unknown): boolean {
  return schemasAt(schema, path).some((each) => {
    if (each instanceof z.ZodNumber) return typeof value === 'number';
    if (each instanceof z.ZodBoolean) return typeof value === 'boolean';
    return each instanceof z.ZodLiteral && typeof value !== 'string' && each.values.has(value as never);
  });
}

/**
 * Whether the value disables what the key configures, where every other value is a string. `audience: ${AUD}` with
 * `false` would disable the audience check, and `scope: ${SCOPE}` with `none` the scope; a wrong variable must not do that.
 */
function isDisablingValue(path: Path, value: unknown): boolean {
  if (typeof value !== 'boolean' && value !== 'none') return false;
  const all = schemasAt(schema, path);
  return (
    all.some((each) => each instanceof z.ZodLiteral && each.values.has(value)) &&
    all.some((each) => each instanceof z.ZodString)
  );
}

/** As in compose files, `x-` keys hold anchors and notes. They are allowed where the schema defines the key names. */
function isExtension(path: Path, key: string): boolean {
  return key.startsWith('x-') && objectsAt(schema, path).length > 0;
}
