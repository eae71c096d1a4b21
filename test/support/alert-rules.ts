/** The alerts of deploy/prometheus. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

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
