/** deploy/prometheus and the Prometheus of deploy/compose: valid, each alert tried, each link to a page that exists. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse, stringify } from 'yaml';
import { alerts, RULES_FILE, rulesFile } from '../support/alert-rules.js';
import { anchorsOf } from '../support/anchors.js';
import { blockAfter } from '../support/docs-block.js';
import { hasPrometheus, promtool } from '../support/prometheus.js';

const TEST_FILE = 'deploy/prometheus/alerts.test.yaml';
const COMPOSE = 'deploy/compose';

interface Query {
  readonly eval_time: string;
  readonly expr: string;
  readonly exp_samples?: readonly object[];
}

interface Case {
  readonly name: string;
  readonly interval: string;
  readonly input_series: readonly object[];
  readonly promql_expr_test: readonly Query[];
}

const { tests } = parse(readFileSync(TEST_FILE, 'utf8')) as { tests: readonly Case[] };

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-rules-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe('the alerts', () => {
  it('have a severity, a text for each reader and a link to a section that exists', () => {
    for (const { alert, labels, annotations } of alerts) {
      expect(alert).toMatch(/^Tollgate[A-Z]\w+$/);
      expect(['critical', 'warning'], alert).toContain(labels.severity);
      const { summary, description, action, runbook, ...others } = annotations;
      expect(others).toEqual({});
      // The values are in the summary, so that the other texts can be a table of the page.
      for (const text of [description, action]) expect(text, alert).toMatch(/^[A-Z`][^{}]*\.$/);
      expect(summary, alert).not.toMatch(/\.$/);
      const [page = '', anchor = ''] = runbook.split('#');
      expect(existsSync(page), runbook).toBe(true);
      expect(anchorsOf(page), runbook).toContain(anchor);
    }
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
  });

  it('are each a row of docs/metrics.md', () => {
    const [, section = ''] = readFileSync('docs/metrics.md', 'utf8').split('\n## Alerts\n');
    const rows = section.split('\n').filter((line) => line.startsWith('| `'));
    expect(rows).toEqual(
      alerts.map(({ alert, for: after = 'at once', labels, annotations: { description, action } }) =>
        ['|', `\`${alert}\``, '|', labels.severity, '|', after, '|', description, '|', action, '|'].join(' '),
      ),
    );
  });

  it('are the rules of the object that docs/deployment.md makes of them', () => {
    const block = blockAfter('docs/deployment.md', '## Dashboard and alerts', 'sh');
    const kubectl = 'kubectl() { [ "$1" != apply ] || cat; }';
    const printed = execFileSync('bash', ['-ec', `${kubectl}\n${block}`], { encoding: 'utf8' });
    expect(parse(printed)).toEqual({
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      metadata: { name: 'tollgate' },
      spec: rulesFile,
    });
  });

  it('each have a case in which they do not fire and one in which they do', () => {
    expect(tests.map(({ name }) => name).sort()).toEqual(alerts.map(({ alert }) => alert).sort());
    for (const { name, promql_expr_test: queries } of tests) {
      expect(queries.map(({ exp_samples = [] }) => exp_samples.length > 0)).toEqual([false, true]);
      for (const { expr } of queries) expect(expr).toBe(`ALERTS{alertname="${name}",alertstate="firing"}`);
    }
  });
});

describe.runIf(hasPrometheus)('promtool', () => {
  it('accepts the rules, and sees each alert fire in its case alone', () => {
    const checked = promtool(['check', 'rules', RULES_FILE]);
    expect(checked).toEqual({ code: 0, output: expect.stringContaining('SUCCESS') as string });
    const tried = promtool(['test', 'rules', TEST_FILE]);
    expect(tried).toEqual({ code: 0, output: expect.stringContaining('SUCCESS') as string });
  });

  it('fills in each summary', () => {
    // Where no alert is expected, promtool prints the one that fires.
    const folder = makeFolder();
    copyFileSync(RULES_FILE, join(folder, 'alerts.yaml'));
    const file = join(folder, 'summaries.yaml');
    const groups = tests.map(({ name, interval, input_series, promql_expr_test: queries }) => ({
      interval,
      input_series,
      alert_rule_test: [{ alertname: name, eval_time: queries[1]!.eval_time, exp_alerts: [] }],
    }));
    writeFileSync(file, stringify({ rule_files: ['alerts.yaml'], evaluation_interval: '1m', tests: groups }));
    const { output } = promtool(['test', 'rules', file]);
    const summaries = new Map(
      [
        ...output.matchAll(/alertname="(\w+)"[^}]*\}\s+Annotations:\{[^\n]*?summary="((?:[^"\\]|\\.)*)"/g),
      ].map(([, alert, summary]) => [alert!, summary!]),
    );
    expect([...summaries.keys()].sort(), output).toEqual(alerts.map(({ alert }) => alert).sort());
    for (const [alert, summary] of summaries) expect(summary, alert).not.toMatch(/[{}<>]|no value/);
    expect(summaries.get('TollgateRouteErrors')).toBe('10% of the requests to GET /bad fail');
    expect(summaries.get('TollgateIssuerKeysStale')).toBe(
      'The keys of the issuer away at a are 6h 3m 0s old',
    );
  });

  it('accepts the configuration of deploy/compose with the files that are mounted beside it', () => {
    const { services } = parse(readFileSync(join(COMPOSE, 'compose.yaml'), 'utf8'), { merge: true }) as {
      services: { prometheus: { volumes: string[] } };
    };
    const folder = makeFolder();
    for (const [source = '', target = ''] of services.prometheus.volumes.map((mount) => mount.split(':')))
      if (source.startsWith('.')) copyFileSync(join(COMPOSE, source), join(folder, basename(target)));
    const { code, output } = promtool(['check', 'config', join(folder, 'prometheus.yml')]);
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('rules found') as string });
  });
});
