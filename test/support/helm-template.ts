/**
 * Renders the chart without Helm: the part of Go's templates that the chart uses. Anything else is an error, so that the
 * chart stays within it. Where Helm is installed, `test/deploy/helm.test.ts` compares the two.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';

type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'value'; readonly pipeline: string }
  | { readonly kind: 'block'; readonly head: string; readonly body: Node[]; readonly otherwise: Node[] };

interface Scope {
  readonly dot: unknown;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly templates: Map<string, Node[]>;
}

/**
 * Renders all objects of a chart, by kind.
 * @param values merged over those of the chart's `values.yaml`, key by key at the first two levels
 */
export function renderChart(
  chart: string,
  release: string,
  values: Readonly<Record<string, unknown>> = {},
): Map<string, unknown> {
  const read = (path: string): unknown => parse(readFileSync(join(chart, path), 'utf8'));
  const { name, version, appVersion } = read('Chart.yaml') as Record<string, string>;
  const dot = {
    Values: merged(read('values.yaml') as Record<string, unknown>, values),
    Release: { Name: release, Namespace: 'default', Service: 'Helm' },
    Chart: { Name: name, Version: version, AppVersion: appVersion },
  };
  const templates = new Map<string, Node[]>();
  const objects = new Map<string, unknown>();
  // _helpers.tpl is the first.
  for (const file of readdirSync(join(chart, 'templates')).sort()) {
    const nodes = parseTemplate(readFileSync(join(chart, 'templates', file), 'utf8'));
    const text = render(nodes, { dot, variables: { $: dot }, templates });
    if (!file.endsWith('.yaml')) continue;
    const object = parse(text) as { kind: string } | null;
    if (object) objects.set(object.kind, object);
  }
  return objects;
}

function merged(base: Record<string, unknown>, over: Readonly<Record<string, unknown>>): unknown {
  const isMap = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const result = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = base[key];
    result[key] = isMap(value) && isMap(below) ? { ...below, ...value } : value;
  }
  return result;
}

function parseTemplate(text: string): Node[] {
  const root: Node[] = [];
  const open: { block: Extract<Node, { kind: 'block' }>; inElse: boolean }[] = [];
  const here = (): Node[] => {
    const last = open.at(-1);
    return last ? (last.inElse ? last.block.otherwise : last.block.body) : root;
  };
  let at = 0;
  let trims = false;
  for (const match of text.matchAll(/\{\{(-?)\s*(.*?)\s*(-?)\}\}/gs)) {
    const [whole, left, action = '', right] = match;
    let before = text.slice(at, match.index);
    if (trims) before = before.trimStart();
    if (left === '-') before = before.trimEnd();
    here().push({ kind: 'text', text: before });
    at = match.index + whole.length;
    trims = right === '-';
    if (/^(if|with|range|define) /.test(action)) {
      const block = { kind: 'block' as const, head: action, body: [], otherwise: [] };
      here().push(block);
      open.push({ block, inElse: false });
    } else if (action === 'else') open.at(-1)!.inElse = true;
    else if (action === 'end') open.pop();
    else here().push({ kind: 'value', pipeline: action });
  }
  here().push({ kind: 'text', text: trims ? text.slice(at).trimStart() : text.slice(at) });
  if (open.length > 0) throw new Error(`{{ ${open[0]!.block.head} }} has no end`);
  return root;
}

function render(nodes: readonly Node[], scope: Scope): string {
  return nodes
    .map((node) => {
      if (node.kind === 'text') return node.text;
      if (node.kind === 'value') return print(evaluate(node.pipeline, scope));
      return renderBlock(node, scope);
    })
    .join('');
}

function renderBlock({ head, body, otherwise }: Extract<Node, { kind: 'block' }>, scope: Scope): string {
  const [, word, rest = ''] = /^(\w+) (.*)$/s.exec(head)!;
  if (word === 'define') {
    scope.templates.set(rest.replaceAll('"', ''), body);
    return '';
  }
  const [, key, name, pipeline] = /^(\$\w+), (\$\w+) := (.*)$/.exec(rest) ?? [];
  const value = evaluate(pipeline ?? rest, scope);
  if (!isTrue(value)) return render(otherwise, scope);
  if (word === 'if') return render(body, scope);
  if (word === 'with') return render(body, { ...scope, dot: value });
  if (key === undefined || name === undefined) throw new Error(`{{ ${head} }} is not rendered here`);
  // As Go does, in the order of the keys.
  return Object.entries(value as object)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([k, v]) =>
      render(body, { ...scope, dot: v, variables: { ...scope.variables, [key]: k, [name]: v } }),
    )
    .join('');
}

function evaluate(pipeline: string, scope: Scope): unknown {
  let piped: unknown[] = [];
  for (const command of pipeline.split(' | ')) {
    const [first = '', ...rest] = command.trim().match(/"[^"]*"|\S+/g) ?? [];
    const isFunction = /^[a-z]/i.test(first);
    const args = [...(isFunction ? rest : [first, ...rest]).map((word) => operand(word, scope)), ...piped];
    if (!isFunction && args.length !== 1) throw new Error(`{{ ${pipeline} }} is not rendered here`);
    piped = [isFunction ? call(first, args, scope) : args[0]];
  }
  return piped[0];
}

function operand(word: string, { dot, variables }: Scope): unknown {
  if (word.startsWith('"')) return word.slice(1, -1);
  if (/^\d+$/.test(word)) return Number(word);
  const [root = '', ...path] = word.split('.');
  if (root !== '' && !Object.hasOwn(variables, root)) throw new Error(`${word} is not rendered here`);
  return path
    .filter((key) => key !== '')
    .reduce<unknown>(
      (value, key) => {
        if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) {
          throw new Error(`the chart has no value ${word}`);
        }
        return (value as Record<string, unknown>)[key];
      },
      root === '' ? dot : variables[root],
    );
}

function call(name: string, args: readonly unknown[], scope: Scope): unknown {
  const [first, second] = args;
  switch (name) {
    case 'include':
      return render(scope.templates.get(print(first))!, { ...scope, dot: second });
    case 'nindent':
      return `\n${print(second).replace(/^/gm, ' '.repeat(Number(first)))}`;
    case 'toYaml':
      return stringify(first).trimEnd();
    case 'quote':
      return JSON.stringify(print(first));
    case 'default':
      return isTrue(second) ? second : first;
    case 'not':
      return !isTrue(first);
    default:
      throw new Error(`the function ${name} is not rendered here`);
  }
}

/** What Go's templates take for true. */
function isTrue(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

function print(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error('the chart prints a value that is no text, number or boolean');
}
