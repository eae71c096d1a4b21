/** deploy/helm: the chart gives the objects of deploy/kubernetes, and each value changes what it names. */
import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { renderChart } from '../support/helm-template.js';
import { problemsOfObjects, readManifests } from '../support/kubernetes.js';

const run = promisify(execFile);

const CHART = 'deploy/helm/tollgate';
const hasHelm = spawnSync('helm', ['version']).status === 0;

const HELM_LABELS = ['app.kubernetes.io/managed-by', 'helm.sh/chart'];

/** Without the labels that only a release of Helm has. */
function withoutHelmLabels(object: unknown): { kind: string } {
  const text = JSON.stringify(object, (key, value: unknown) =>
    HELM_LABELS.includes(key) ? undefined : value,
  );
  return JSON.parse(text) as { kind: string };
}

const byKind = (objects: Iterable<{ kind?: string }>): Record<string, unknown> =>
  Object.fromEntries([...objects].map((object) => [object.kind ?? '', object] as const));

const ALL_VALUES = {
  env: { B: 1, A: 'text: "quoted"', C: true },
  image: { repository: 'example/tollgate', tag: '9.9.9', pullPolicy: 'Always' },
  extraVolumes: [{ name: 'tls', secret: { secretName: 'tls', defaultMode: 288 } }],
  extraVolumeMounts: [{ name: 'tls', mountPath: '/app/tls', readOnly: true }],
  imagePullSecrets: [{ name: 'pull' }],
  replicas: 3,
  autoscaling: { enabled: false },
  networkPolicy: { enabled: false },
  secret: 'other',
  resources: { limits: { memory: '1Gi' } },
  terminationGracePeriodSeconds: 100,
  service: { type: 'LoadBalancer', port: 8080, annotations: { a: 'b' } },
  podDisruptionBudget: { maxUnavailable: '25%' },
  nodeSelector: { pool: 'edge' },
  tolerations: [{ key: 'edge', operator: 'Exists' }],
};

describe('the chart', () => {
  it('gives the objects of deploy/kubernetes by default', () => {
    const manifests = readManifests('deploy/kubernetes').filter(
      ({ metadata }) => metadata?.name === 'tollgate',
    );
    const rendered = [...renderChart(CHART, 'tollgate').values()].map(withoutHelmLabels);
    expect(byKind(rendered)).toEqual(byKind(manifests));
  });

  it('has the version of the package', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(parse(readFileSync(`${CHART}/Chart.yaml`, 'utf8'))).toMatchObject({
      version,
      appVersion: version,
    });
  });

  it('fits the types of the Kubernetes API with every value set', () => {
    expect(problemsOfObjects([...renderChart(CHART, 'edge', ALL_VALUES).values()] as object[])).toEqual([]);
  });

  it('applies its values', () => {
    const objects = renderChart(CHART, 'edge', ALL_VALUES);
    expect([...objects.keys()].sort()).toEqual(['ConfigMap', 'Deployment', 'PodDisruptionBudget', 'Service']);
    const { metadata, spec } = objects.get('Deployment') as Deployment;
    expect(metadata).toMatchObject({ name: 'edge', labels: { 'app.kubernetes.io/instance': 'edge' } });
    expect(spec).toMatchObject({
      replicas: 3,
      template: {
        spec: {
          terminationGracePeriodSeconds: 100,
          imagePullSecrets: [{ name: 'pull' }],
          nodeSelector: { pool: 'edge' },
          tolerations: [{ key: 'edge', operator: 'Exists' }],
          containers: [
            {
              image: 'example/tollgate:9.9.9',
              imagePullPolicy: 'Always',
              env: [
                { name: 'TOLLGATE_ADMIN', value: '0.0.0.0:8081' },
                { name: 'A', value: 'text: "quoted"' },
                { name: 'B', value: '1' },
                { name: 'C', value: 'true' },
              ],
              envFrom: [{ secretRef: { name: 'other' } }],
              resources: { limits: { memory: '1Gi' } },
              volumeMounts: [
                { mountPath: '/app/config' },
                { mountPath: '/app/data' },
                { name: 'tls', mountPath: '/app/tls', readOnly: true },
              ],
            },
          ],
          volumes: [
            { name: 'config', configMap: { name: 'edge' } },
            { name: 'data' },
            { name: 'tls', secret: { secretName: 'tls', defaultMode: 288 } },
          ],
        },
      },
    });
    expect(objects.get('Service')).toMatchObject({
      metadata: { annotations: { a: 'b' } },
      spec: { type: 'LoadBalancer', ports: [{ port: 8080 }] },
    });
    expect(objects.get('PodDisruptionBudget')).toMatchObject({ spec: { maxUnavailable: '25%' } });
  });

  it('has a schema that knows each value, and no other', () => {
    const values = parse(readFileSync(`${CHART}/values.yaml`, 'utf8')) as Record<string, unknown>;
    const schema = JSON.parse(readFileSync(`${CHART}/values.schema.json`, 'utf8')) as {
      additionalProperties: boolean;
      properties: Record<string, { properties?: Record<string, unknown>; additionalProperties?: unknown }>;
    };
    expect(schema.additionalProperties).toBe(false);
    expect(Object.keys(schema.properties).sort()).toEqual([...Object.keys(values), 'global'].sort());
    for (const [name, { properties, additionalProperties }] of Object.entries(schema.properties)) {
      if (!properties) continue;
      expect(Object.keys(properties)).toEqual(Object.keys(values[name] as object));
      expect(additionalProperties).toBe(false);
    }
  });
});

describe.runIf(hasHelm)('Helm itself', () => {
  it('finds nothing wrong in the chart', async () => {
    const { stdout } = await run('helm', ['lint', '--strict', CHART]);
    expect(stdout).toContain('0 chart(s) failed');
  });

  it.each([
    ['without values', {}],
    ['with every value', ALL_VALUES],
  ])('renders the same %s', async (_name, values) => {
    const template = run('helm', ['template', 'edge', CHART, '--values', '-']);
    template.child.stdin!.end(JSON.stringify(values));
    const objects = parseAllDocuments((await template).stdout).map(
      (document) => (document as { toJS(): unknown }).toJS() as { kind: string },
    );
    expect(byKind(objects)).toEqual(Object.fromEntries(renderChart(CHART, 'edge', values)));
  });

  it('refuses a value that the chart does not have', async () => {
    await expect(run('helm', ['template', CHART, '--set', 'replica=3'])).rejects.toMatchObject({
      stderr: expect.stringContaining("'replica' not allowed") as string,
    });
  });
});
