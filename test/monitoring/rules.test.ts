/** deploy/prometheus and the Prometheus of deploy/compose, as promtool judges them. */
import { describe, expect, it } from 'vitest';
import { hasPrometheus, promtool } from '../support/prometheus.js';

describe.runIf(hasPrometheus)('promtool', () => {
  it('accepts the configuration of deploy/compose', () => {
    const { code, output } = promtool(['check', 'config', 'deploy/compose/prometheus.yml']);
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('SUCCESS') as string });
  });
});
