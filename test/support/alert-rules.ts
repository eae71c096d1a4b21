/** The alerts of deploy/prometheus. */
import { readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';

export const RULES_FILE = 'deploy/prometheus/alerts.yaml';

/** One alert as its file has it. */
export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: {
    readonly summary: string;
    readonly description: string;
    readonly action: string;
    readonly runbook: string;
  };
}

export interface RulesFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Alert[] }[];
}

export const rulesFile = parse(readFileSync(RULES_FILE, 'utf8'), { strict: true }) as RulesFile;

export const alerts = rulesFile.groups.flatMap(({ rules }) => rules);

/**
 * The text of the rules for a test that cannot wait: minutes become seconds, in ranges, in `for` and in `offset`, and the hours of
 * a threshold too. All else is as in the file.
 */
export function quickRules(): string {
  const quick = (text: string): string =>
    text.replaceAll(/(?<=\[|offset )(\d+)m\b/g, '$1s').replaceAll(/\b(\d+) \* 3600\b/g, '$1');
  const groups = rulesFile.groups.map(({ name, rules }) => ({
    name,
    rules: rules.map((rule) => ({
      ...rule,
      expr: quick(rule.expr),
      ...(rule.for !== undefined && { for: rule.for.replace(/m$/, 's') }),
    })),
  }));
  return stringify({ groups });
}
