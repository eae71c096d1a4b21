/** The dashboard of deploy/grafana, and its queries with the choices at its top filled in. */
import { readFileSync } from 'node:fs';
import type { DashboardFile, QueryPanel } from './grafana-types.js';

export const DASHBOARD_FILE = 'deploy/grafana/tollgate.json';

export const dashboard = JSON.parse(readFileSync(DASHBOARD_FILE, 'utf8')) as DashboardFile;

export const queryPanels = dashboard.panels.filter((panel): panel is QueryPanel => panel.type !== 'row');

/** What is chosen at the top of the dashboard, as the expressions that Grafana puts in. */
export interface Choices {
  readonly job: string;
  readonly instance: string;
  readonly route: string;
}

/** @param range for `$__rate_interval`, a Prometheus duration */
export function fillIn(expression: string, { job, instance, route }: Choices, range: string): string {
  return expression
    .replaceAll('$job', job)
    .replaceAll('$instance', instance)
    .replaceAll('$route', route)
    .replaceAll('$__rate_interval', range);
}

/** Quotes texts for a regular expression between quotes in PromQL, as Grafana does for several choices. */
export function anyOf(texts: readonly string[]): string {
  return `(${texts.map((text) => text.replace(/[\\^$*+?.()|[\]{}]/g, '\\\\$&')).join('|')})`;
}
