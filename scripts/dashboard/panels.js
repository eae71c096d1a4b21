/** The panels of the dashboard as Grafana stores them, made of what differs between them. */

/** The data source that is chosen at the top of the dashboard. */
export const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

/** The gateways that are chosen at the top. */
export const GATEWAYS = 'job=~"$job",instance=~"$instance"';
/** The routes that are chosen there. */
export const ROUTES = `${GATEWAYS},route=~"$route"`;

/** `of` a counter: its increase a second. */
export const rate = (metric, labels = GATEWAYS) => `rate(${metric}{${labels}}[$__rate_interval])`;

/** A quantile of a histogram, over all chosen gateways, `by` the labels that are named. */
export const quantile = (q, metric, by = '', labels = GATEWAYS) =>
  `histogram_quantile(${q}, sum by (${by === '' ? 'le' : `${by}, le`}) (${rate(`${metric}_bucket`, labels)}))`;

/** The three quantiles that people ask for. `legend` comes before each. */
export const quantiles = (metric, legend = '', by = '', labels = GATEWAYS) =>
  [50, 90, 99].map((percent) => query(quantile(percent / 100, metric, by, labels), `${legend}${percent} %`));

/** One query; `legend` is its name, in which `{{label}}` stands for a label. */
export const query = (expr, legend, more = {}) => ({ expr, legendFormat: legend, ...more });

function targetsOf(queries, isInstant) {
  return queries.map((each, index) => ({
    refId: String.fromCharCode('A'.charCodeAt(0) + index),
    datasource: DATASOURCE,
    editorMode: 'code',
    instant: isInstant,
    range: !isInstant,
    ...each,
  }));
}

const thresholdsOf = (steps) => ({
  mode: 'absolute',
  steps: steps.map(([color, value = null]) => ({ color, value })),
});

/**
 * A graph over time.
 * @param options `unit` as Grafana names it; `stack`: the series add up; `max`: the end of the axis; `width` of 24
 */
export function graph(title, description, queries, { unit, stack = false, max, width = 12 } = {}) {
  return {
    type: 'timeseries',
    title,
    description,
    datasource: DATASOURCE,
    gridPos: { w: width, h: 8 },
    targets: targetsOf(queries, false),
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        ...(max !== undefined && { max }),
        color: { mode: 'palette-classic' },
        custom: {
          drawStyle: 'line',
          lineWidth: 1,
          fillOpacity: stack ? 40 : 8,
          showPoints: 'never',
          spanNulls: false,
          stacking: { mode: stack ? 'normal' : 'none', group: 'A' },
        },
      },
      overrides: [],
    },
    options: {
      legend: { displayMode: 'table', placement: 'bottom', showLegend: true, calcs: ['mean', 'max'] },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  };
}

/**
 * One number, as it is now.
 * @param options `steps`: colors with the value from which each applies; `mappings`: texts for values
 */
export function number(title, description, expr, { unit = 'short', steps, mappings, width = 3 } = {}) {
  return {
    type: 'stat',
    title,
    description,
    datasource: DATASOURCE,
    gridPos: { w: width, h: 4 },
    targets: targetsOf([query(expr, title)], true),
    fieldConfig: {
      defaults: {
        unit,
        noValue: 'none',
        color: { mode: 'thresholds' },
        thresholds: thresholdsOf(steps ?? [['text']]),
        ...(mappings !== undefined && { mappings: [{ type: 'value', options: mappings }] }),
      },
      overrides: [],
    },
    options: {
      colorMode: steps === undefined ? 'none' : 'value',
      graphMode: 'none',
      justifyMode: 'auto',
      orientation: 'auto',
      percentChangeColorMode: 'standard',
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
      showPercentChange: false,
      textMode: 'auto',
      wideLayout: true,
    },
  };
}

/**
 * A table with one row for each value of a label, as it is now.
 * @param columns the label's first: `[name, unit, query]`, without a query for the label itself
 */
export function table(title, description, label, columns, { width = 24, sortBy } = {}) {
  const values = columns.filter(([, , expr]) => expr !== undefined);
  // Grafana names the column of a single query without its letter.
  const letter = (index) =>
    values.length === 1 ? 'Value' : `Value #${String.fromCharCode('A'.charCodeAt(0) + index)}`;
  const names = Object.fromEntries(values.map(([name], index) => [letter(index), name]));
  return {
    type: 'table',
    title,
    description,
    datasource: DATASOURCE,
    gridPos: { w: width, h: 8 },
    targets: targetsOf(
      values.map(([name, , expr]) => query(expr, name, { format: 'table' })),
      true,
    ),
    transformations: [
      { id: 'merge', options: {} },
      {
        id: 'organize',
        options: {
          excludeByName: { Time: true },
          indexByName: {},
          renameByName: { [label]: columns[0][0], ...names },
        },
      },
    ],
    fieldConfig: {
      defaults: { custom: { align: 'auto', cellOptions: { type: 'auto' }, inspect: false } },
      overrides: values.map(([name, unit]) => ({
        matcher: { id: 'byName', options: name },
        properties: [{ id: 'unit', value: unit }],
      })),
    },
    options: {
      cellHeight: 'sm',
      frameIndex: 0,
      showHeader: true,
      ...(sortBy !== undefined && { sortBy: [{ displayName: sortBy, desc: true }] }),
    },
  };
}

/**
 * Places the panels of each row from left to right, and gives each its id. The last one of a row takes what is left.
 * @param rows each `[title, panels]`
 */
export function arrange(rows) {
  const all = [];
  let y = 0;
  for (const [title, panels] of rows) {
    all.push({ type: 'row', title, collapsed: false, gridPos: { x: 0, y, w: 24, h: 1 }, panels: [] });
    y += 1;
    let [x, height] = [0, 0];
    for (const panel of panels) {
      const { w, h } = panel.gridPos;
      if (x + w > 24) [x, y, height] = [0, y + height, 0];
      all.push({ ...panel, gridPos: { x, y, w: panel === panels.at(-1) ? 24 - x : w, h } });
      x += w;
      height = Math.max(height, h);
    }
    y += height;
  }
  return all.map((panel, index) => ({ id: index + 1, ...panel }));
}
