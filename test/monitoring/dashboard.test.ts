/** deploy/grafana: the dashboard is what its script makes, fits Grafana's types, and can be read by people. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { dashboard, DASHBOARD_FILE, queryPanels } from '../support/dashboard.js';
import { problemsOfLiterals } from '../support/typed-literals.js';

const IMPORTS = "import type { DashboardFile } from './grafana-types.js';";

/** The units of Grafana that it uses. */
const UNITS = ['short', 'reqps', 'cps', 's', 'percentunit', 'bytes'];

describe('the dashboard', () => {
  it('is what npm run dashboard writes', () => {
    const printed = execFileSync(process.execPath, ['scripts/dashboard.js', '--print'], { encoding: 'utf8' });
    expect(readFileSync(DASHBOARD_FILE, 'utf8')).toBe(printed);
  });

  it('fits the types of the Grafana that deploy/compose runs', () => {
    expect(problemsOfLiterals(IMPORTS, [{ value: dashboard, type: 'DashboardFile' }])).toEqual([]);
    const { services } = parse(readFileSync('deploy/compose/compose.yaml', 'utf8'), { merge: true }) as {
      services: { grafana: { image: string } };
    };
    const types = readFileSync('node_modules/@grafana/schema/package.json', 'utf8');
    expect(services.grafana.image).toBe(
      `grafana/grafana:${(JSON.parse(types) as { version: string }).version}`,
    );
  });

  it('would not fit with an unknown field, a wrong type and a value that is none of the known ones', () => {
    const [panel] = queryPanels.filter(({ type }) => type === 'timeseries');
    const withPanel = (changes: object) => ({ ...dashboard, panels: [{ ...panel!, ...changes }] });
    const problems = [
      withPanel({ colour: 'red' }),
      withPanel({ id: 'one' }),
      withPanel({ options: { ...panel!.options, tooltip: { mode: 'none of them', sort: 'desc' } } }),
    ].map((value) => problemsOfLiterals(IMPORTS, [{ value, type: 'DashboardFile' }]).join());
    expect(problems).toEqual([
      expect.stringContaining('colour'),
      expect.stringContaining("Type 'string' is not assignable to type 'number'"),
      expect.stringContaining('none of them'),
    ]);
  });

  it('has panels with different ids that do not overlap and fill the width of their rows', () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const taken = new Set<string>();
    for (const { title, gridPos } of dashboard.panels) {
      const { x, y, w, h } = gridPos;
      expect({ title, end: x + w <= 24 }).toEqual({ title, end: true });
      for (let column = x; column < x + w; column++) {
        for (let line = y; line < y + h; line++) {
          const cell = `${column},${line}`;
          expect({ title, cell, isTaken: taken.has(cell) }).toEqual({ title, cell, isTaken: false });
          taken.add(cell);
        }
      }
    }
    const height = Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
    expect(taken.size).toBe(24 * height);
  });

  it('says of each panel what it shows, with a unit, and of each series what it is', () => {
    for (const { title, description, fieldConfig, targets, type } of queryPanels) {
      expect(description, title).toMatch(/^[A-Z].{20,}\.$/);
      const units = [
        fieldConfig.defaults.unit,
        ...fieldConfig.overrides.flatMap(({ properties }) => properties.map(({ value }) => value)),
      ].filter((unit) => unit !== undefined);
      expect(units.length, title).toBeGreaterThan(0);
      for (const unit of units) expect(UNITS, title).toContain(unit);
      expect(targets.map(({ legendFormat }) => legendFormat).filter((legend) => legend === '')).toEqual([]);
      if (type === 'timeseries') {
        // A label that a legend names is one by which its query groups.
        for (const { expr, legendFormat } of targets)
          for (const [, label] of legendFormat.matchAll(/{{(\w+)}}/g))
            expect(expr, title).toMatch(new RegExp(`by \\([^)]*\\b${label!}\\b`));
      }
    }
  });

  it('gives each column of its tables a name, under which it has its unit', () => {
    const tables = queryPanels.filter(({ type }) => type === 'table');
    expect(tables.length).toBeGreaterThan(1);
    for (const { title, targets, transformations, fieldConfig } of tables) {
      const { renameByName } = transformations?.at(-1)?.options as { renameByName: Record<string, string> };
      const [label, ...columns] = Object.keys(renameByName);
      const expected = targets.length === 1 ? ['Value'] : targets.map(({ refId }) => `Value #${refId}`);
      expect(columns, title).toEqual(expected);
      for (const { expr } of targets) expect(expr, title).toMatch(new RegExp(`by \\(${label!}[,)]`));
      expect(fieldConfig.overrides.map(({ matcher }) => matcher.options)).toEqual(
        Object.values(renameByName).slice(1),
      );
    }
  });

  it('asks only about the gateways that are chosen, in the data source that is chosen', () => {
    const queries = queryPanels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    queries.push(...dashboard.annotations.list.map(({ target }) => target.expr));
    for (const expr of queries) {
      const selectors = [...expr.matchAll(/[a-z_]+\{([^{}]*)\}/g)].map(([, labels]) => labels);
      expect(selectors.length, expr).toBeGreaterThan(0);
      for (const labels of selectors) expect(labels).toContain('job=~"$job",instance=~"$instance"');
    }
    const sources = JSON.stringify(dashboard).match(/"uid":"[^"]*"/g);
    expect(new Set(sources)).toEqual(new Set(['"uid":"tollgate"', '"uid":"${datasource}"']));
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual([
      'datasource',
      'job',
      'instance',
      'route',
    ]);
  });
});
