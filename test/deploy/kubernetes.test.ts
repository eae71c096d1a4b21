/** deploy/kubernetes: the manifests fit the API's types, and say what a gateway needs to run safely. */
import { readFileSync } from 'node:fs';
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkedSettings } from '../support/deploy.js';
import { blockAfter } from '../support/docs-block.js';
import type { Kinds } from '../support/kubernetes-kinds.js';
import { problemsOfObjects, readManifests } from '../support/kubernetes.js';

const objects = readManifests('deploy/kubernetes');

function find<Kind extends keyof Kinds>(kind: Kind, name = 'tollgate'): Kinds[Kind] {
  const found = objects.find((object) => object.kind === kind && object.metadata?.name === name);
  if (!found) throw new Error(`no ${kind} ${name}`);
  return found as Kinds[Kind];
}

const podOf = (deployment: Deployment) => deployment.spec!.template.spec!;
const pod = podOf(find('Deployment'));
const [container] = pod.containers;

describe('the manifests', () => {
  it('fit the types of the Kubernetes API', () => {
    expect(problemsOfObjects(objects)).toEqual([]);
  });

  it('would be refused for an unknown field, a wrong type and a missing field', () => {
    const { metadata, spec, ...rest } = find('PodDisruptionBudget');
    const wrong = [
      { ...rest, metadata, spec: { ...spec, maxUnavailible: 1 } },
      { ...rest, metadata, spec: { ...spec, selector: 'tollgate' } },
      { ...find('Deployment'), spec: { template: {} } },
    ];
    expect(problemsOfObjects(wrong)).toEqual([
      expect.stringContaining('maxUnavailible'),
      expect.stringContaining("Type 'string'"),
      expect.stringContaining('selector'),
    ]);
  });

  it('have each of the kinds that docs/deployment.md names once', () => {
    const names = objects.map(({ kind, metadata }) => `${String(kind)}/${String(metadata?.name)}`);
    expect(names.sort()).toEqual([
      'ConfigMap/tollgate',
      'Deployment/redis',
      'Deployment/tollgate',
      'HorizontalPodAutoscaler/tollgate',
      'NetworkPolicy/redis',
      'NetworkPolicy/tollgate',
      'PodDisruptionBudget/tollgate',
      'Service/redis',
      'Service/tollgate',
    ]);
  });

  it('run the image of this version', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(container!.image, 'npm run version writes it').toBe(`tollgate:${version}`);
  });
});

describe('the scrape configuration of docs/deployment.md', () => {
  it('selects the admin port of the pods by their label and its name', () => {
    const { scrape_configs: jobs } = parse(blockAfter('docs/deployment.md', '## Kubernetes', 'yaml')) as {
      scrape_configs: { relabel_configs: { source_labels: string[]; regex?: string; action?: string }[] }[];
    };
    const [keep] = jobs[0]!.relabel_configs;
    const { metadata } = find('Deployment').spec!.template;
    expect(keep).toEqual({
      source_labels: [
        '__meta_kubernetes_pod_label_app_kubernetes_io_name',
        '__meta_kubernetes_pod_container_port_name',
      ],
      regex: `${metadata!.labels!['app.kubernetes.io/name']!};${container!.ports![1]!.name!}`,
      action: 'keep',
    });
  });
});

describe('each pod', () => {
  it.each(['tollgate', 'redis'])(
    'of %s has no root, no writable image, no capabilities and no credential',
    (name) => {
      const { automountServiceAccountToken, securityContext, containers } = podOf(find('Deployment', name));
      expect(automountServiceAccountToken).toBe(false);
      expect(securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      for (const each of containers) {
        expect(each.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(each.resources?.limits).toHaveProperty('memory');
      }
    },
  );

  it('of the gateway can write to its data folder alone, and gets the file as a folder, which changes', () => {
    const writable = container!.volumeMounts!.filter(({ readOnly }) => readOnly !== true);
    expect(writable).toEqual([{ name: 'data', mountPath: '/app/data' }]);
    expect(container!.volumeMounts).toContainEqual({
      name: 'config',
      mountPath: '/app/config',
      readOnly: true,
    });
    expect(container!.volumeMounts!.some((mount) => 'subPath' in mount)).toBe(false);
    expect(pod.volumes).toContainEqual({ name: 'config', configMap: { name: 'tollgate' } });
  });
});

describe('the gateway', () => {
  const file = find('ConfigMap').data!['gateway.yaml']!;

  it('gets a file that check accepts, and whose cases hold', async () => {
    const { routes } = await checkedSettings(file, { REDIS_PASSWORD: 'secret' });
    expect(routes).toHaveLength(2);
  });

  it('has more time to end than its requests have', async () => {
    const settings = await checkedSettings(file, { REDIS_PASSWORD: 'secret' });
    expect(settings.drainTimeoutMs).toBeGreaterThan(0);
    expect(pod.terminationGracePeriodSeconds! * 1000).toBeGreaterThanOrEqual(settings.drainTimeoutMs + 5000);
    // A pod that ends has to be known as not ready before its port closes: two failed probes.
    const { periodSeconds = 10, failureThreshold = 3 } = container!.readinessProbe!;
    expect(settings.drainDelayMs).toBeGreaterThanOrEqual(periodSeconds * failureThreshold * 1000);
  });

  it('is probed at the admin port, where the port of the image is opened to the pod', () => {
    expect(container!.env).toContainEqual({ name: 'TOLLGATE_ADMIN', value: '0.0.0.0:8081' });
    expect(container!.ports).toContainEqual({ name: 'admin', containerPort: 8081 });
    expect(container!.readinessProbe!.httpGet).toEqual({ path: '/readyz', port: 'admin' });
    expect(container!.livenessProbe!.httpGet).toEqual({ path: '/healthz', port: 'admin' });
  });

  it('has an admin port that no Service has, and that only the namespace of the monitoring reaches', () => {
    expect(find('Service').spec!.ports!.map(({ targetPort }) => targetPort)).toEqual(['http']);
    const rules = find('NetworkPolicy').spec!.ingress!;
    const withAdmin = rules.filter(({ ports }) => !ports || ports.some(({ port }) => port !== 'http'));
    expect(withAdmin).toEqual([
      {
        from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
        ports: [{ port: 'admin' }],
      },
    ]);
  });

  it('is selected by its Service, budget, policy and autoscaler', () => {
    const labels = find('Deployment').spec!.template.metadata!.labels;
    expect(find('Deployment').spec!.selector.matchLabels).toEqual(labels);
    expect(find('Service').spec!.selector).toEqual(labels);
    expect(find('PodDisruptionBudget').spec!.selector!.matchLabels).toEqual(labels);
    expect(find('NetworkPolicy').spec!.podSelector.matchLabels).toEqual(labels);
    expect(find('HorizontalPodAutoscaler').spec!.scaleTargetRef).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: 'tollgate',
    });
    // The autoscaler would undo it at each apply.
    expect(find('Deployment').spec).not.toHaveProperty('replicas');
  });
});
