/**
 * vitest's coverage by V8, but collected only in the projects whose tests take the way of a request in their own process,
 * and only of the files on that way: elsewhere it costs time and finds nothing that a threshold is about.
 */
import v8 from '@vitest/coverage-v8';
import type { CoverageProviderModule } from 'vitest/node';

/** What the threshold of vitest.config.ts is about. */
const WAY_OF_A_REQUEST = /\/src\/(read|match|authenticate|authorize|limit|forward)\//;

/** A project sets it in its environment, before this is asked. */
const isCollected = (): boolean => process.env['TOLLGATE_COVERAGE'] === 'true';

interface Taken {
  readonly result: readonly { readonly url: string }[];
}

const provider: CoverageProviderModule = {
  getProvider: () => v8.getProvider(),
  startCoverage: (options) => (isCollected() ? v8.startCoverage?.(options) : undefined),
  async takeCoverage(options) {
    if (!isCollected()) return { result: [] };
    const { result } = (await v8.takeCoverage?.(options)) as Taken;
    return { result: result.filter(({ url }) => WAY_OF_A_REQUEST.test(url)) };
  },
  stopCoverage: (options) => (isCollected() ? v8.stopCoverage?.(options) : undefined),
};

export default provider;
