/** The row about the processes themselves. */
import { GATEWAYS, graph, query, rate, table } from './panels.js';

export const PROCESS_ROWS = [
  [
    'Processes',
    [
      graph(
        'State',
        'Ready: gets requests from load balancers. Revocations known: without them requests with a token are 503. Revocations readable: the registry, or Redis where there is no token service. 1 is yes, 0 is no.',
        [
          query(`min by (instance) (tollgate_ready{${GATEWAYS}})`, 'ready {{instance}}'),
          query(
            `min by (instance) (tollgate_revocations_known{${GATEWAYS}})`,
            'revocations known {{instance}}',
          ),
          query(
            `min by (instance) (tollgate_revocation_source_up{${GATEWAYS}})`,
            'revocations readable {{instance}}',
          ),
        ],
        { unit: 'short', max: 1 },
      ),
      graph(
        'CPU',
        'Processors in use, summed over the workers of each gateway.',
        [query(`sum by (instance) (${rate('process_cpu_seconds_total')})`, '{{instance}}')],
        { unit: 'short' },
      ),
      graph(
        'Memory',
        'Memory of all workers of each gateway, and the part of it that is the heap of JavaScript.',
        [
          query(`sum by (instance) (process_resident_memory_bytes{${GATEWAYS}})`, 'all {{instance}}'),
          query(`sum by (instance) (nodejs_heap_size_used_bytes{${GATEWAYS}})`, 'heap {{instance}}'),
        ],
        { unit: 'bytes' },
      ),
      graph(
        'Event loop delay',
        'How long everything in a process waited for its turn. The longest delay of the last minute, in the worker where it is longest; 0.5 and 0.99 are quantiles, 1 is the maximum.',
        [
          query(
            `max by (instance, quantile) (tollgate_event_loop_delay_seconds{${GATEWAYS}})`,
            '{{instance}} {{quantile}}',
          ),
        ],
        { unit: 's' },
      ),
      graph(
        'Open files',
        'Open files and connections of each gateway.',
        [query(`sum by (instance) (process_open_fds{${GATEWAYS}})`, '{{instance}}')],
        { unit: 'short' },
      ),
      graph(
        'Reloads',
        'Reloads of the configuration in the last quarter of an hour, by result.',
        [query(`sum by (result) (increase(tollgate_config_reloads_total{${GATEWAYS}}[15m]))`, '{{result}}')],
        { unit: 'short' },
      ),
      graph(
        'Dropped log lines',
        'Lines of the log that could not be written, in the last quarter of an hour: its disk is full, or its reader is too slow.',
        [
          query(
            `sum by (instance) (increase(tollgate_log_dropped_lines_total{${GATEWAYS}}[15m]))`,
            '{{instance}}',
          ),
        ],
        { unit: 'short' },
      ),
      table(
        'Versions',
        'How many gateways run each version.',
        'version',
        [['Version'], ['Gateways', 'short', `count by (version) (tollgate_build_info{${GATEWAYS}})`]],
        { width: 12 },
      ),
    ],
  ],
];
