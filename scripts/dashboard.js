/** Writes deploy/grafana/tollgate.json. Run by `npm run dashboard`; with `--print` it prints it instead. */
import { writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { arrange, DATASOURCE, GATEWAYS } from './dashboard/panels.js';
import { PROCESS_ROWS } from './dashboard/process-rows.js';
import { REQUEST_ROWS } from './dashboard/request-rows.js';
import { SERVICE_ROWS } from './dashboard/service-rows.js';

const FILE = 'deploy/grafana/tollgate.json';

/**
 * A choice at the top. "All" stands for each value that was found, so that no other program's series are counted;
 * for `allValue` where there may be very many.
 */
function variable(name, label, metric, of, allValue) {
  return {
    type: 'query',
    name,
    label,
    datasource: DATASOURCE,
    query: `label_values(${metric}, ${of})`,
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    ...(allValue !== undefined && { allValue }),
    current: { selected: true, text: ['All'], value: ['$__all'] },
  };
}

const dashboard = {
  uid: 'tollgate',
  title: 'Tollgate',
  description: 'Requests, refusals, upstreams, limits, tokens and processes of Tollgate gateways.',
  tags: ['tollgate'],
  schemaVersion: 41,
  editable: true,
  graphTooltip: 1,
  refresh: '30s',
  time: { from: 'now-1h', to: 'now' },
  timezone: 'browser',
  links: [],
  annotations: {
    list: [
      {
        name: 'Reloads',
        datasource: DATASOURCE,
        enable: true,
        iconColor: 'blue',
        titleFormat: 'Configuration read: {{result}}',
        target: {
          refId: 'Reloads',
          expr: `sum by (result) (increase(tollgate_config_reloads_total{${GATEWAYS}}[1m])) > 0`,
          interval: '1m',
        },
      },
    ],
  },
  templating: {
    list: [
      {
        type: 'datasource',
        name: 'datasource',
        label: 'Data source',
        query: 'prometheus',
        refresh: 1,
        multi: false,
        includeAll: false,
      },
      variable('job', 'Job', 'tollgate_build_info', 'job'),
      variable('instance', 'Gateway', 'tollgate_build_info{job=~"$job"}', 'instance'),
      variable('route', 'Route', `tollgate_requests_total{${GATEWAYS}}`, 'route', '.*'),
    ],
  },
  panels: arrange([...REQUEST_ROWS, ...SERVICE_ROWS, ...PROCESS_ROWS]),
};

const text = await format(JSON.stringify(dashboard), { ...(await resolveConfig(FILE)), filepath: FILE });
if (process.argv.includes('--print')) process.stdout.write(text);
else writeFileSync(FILE, text);
