/** Lists every key of the file, with type, default and meaning, from the schema: docs/configuration.md is made of it. */
import { z } from 'zod';
import { schema } from './schema.js';
import { textForms } from './values.js';

/** A key of the file. */
export interface KeyReference {
  /** From the top of the file, such as `issuers.NAME.clock_skew` or `routes.match`: an entry of a list has no name. */
  readonly path: string;
  /** What its value can be, such as `['text', 'list']`; a literal value is in backticks. */
  readonly types: readonly string[];
  readonly isRequired: boolean;
  /** As the file would state it; undefined where there is none, or none that the file could state. */
  readonly default: unknown;
  readonly description: string;
}

/** What the generated JSON schema uses of its vocabulary. */
interface Node {
  readonly type?: string | readonly string[];
  readonly form?: string;
  readonly const?: string | number | boolean;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Node;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
}

/** Placeholder for the names that a user chooses, such as those of upstreams. */
const CHOSEN = 'NAME';

/** Lists the keys of the file in the schema's order, each once, a section before its keys. */
export function keyReference(): readonly KeyReference[] {
  const root = z.toJSONSchema(schema, {
    io: 'input',
    override({ zodSchema, jsonSchema }) {
      const form = textForms.get(zodSchema)?.form;
      if (form !== undefined) jsonSchema['form'] = form;
    },
  }) as Node;
  const found = new Map<string, KeyReference>();
  collect(root, '', found);
  return [...found.values()];
}

function collect(node: Node, prefix: string, found: Map<string, KeyReference>): void {
  for (const branch of branchesOf(node)) {
    for (const [key, value] of Object.entries(branch.properties ?? {})) {
      const path = `${prefix}${key}`;
      if (!found.has(path)) {
        found.set(path, {
          path,
          types: typesOf(value),
          isRequired: branch.required?.includes(key) === true,
          default: value.default,
          description: value.description ?? '',
        });
      }
      collect(value, `${path}.`, found);
    }
    if (branch.items) collect(branch.items, prefix, found);
    if (typeof branch.additionalProperties === 'object') {
      collect(branch.additionalProperties, `${prefix}${CHOSEN}.`, found);
    }
  }
}

function branchesOf(node: Node): readonly Node[] {
  return node.anyOf ? node.anyOf.flatMap(branchesOf) : [node];
}

function typesOf(node: Node): readonly string[] {
  return [...new Set(branchesOf(node).flatMap(typesOfBranch))];
}

function typesOfBranch(branch: Node): readonly string[] {
  // Empty, as from an unset variable, means absent.
  if (branch.const === '') return [];
  if (branch.const !== undefined) return [`\`${String(branch.const)}\``];
  if (branch.enum) return branch.enum.map((value) => `\`${String(value)}\``);
  return [branch.type ?? []].flat().flatMap((type) => {
    switch (type) {
      case 'string':
        return [branch.form ?? 'text'];
      case 'boolean':
        return ['`true`', '`false`'];
      case 'array':
        return ['list'];
      case 'object':
        return [branch.properties ? 'keys' : 'names with values'];
      default:
        return ['number'];
    }
  });
}
