/** Writes the version of package.json into the chart and the manifests. `npm version` runs it. */
import { readFileSync, writeFileSync } from 'node:fs';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

replace('deploy/helm/tollgate/Chart.yaml', /^(version|appVersion): .*$/gm, `$1: ${version}`);
replace('deploy/kubernetes/deployment.yaml', /^(\s+image: tollgate):.*$/m, `$1:${version}`);

function replace(file, pattern, text) {
  writeFileSync(file, readFileSync(file, 'utf8').replace(pattern, text));
}
