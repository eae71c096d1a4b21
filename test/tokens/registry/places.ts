/** Databases for registries: closing one closes every registry that was opened there. */
import type { RegistryLocation } from '../../../src/model/tokens.js';
import { openRegistry } from '../../../src/tokens/registry/open.js';
import type { Registry } from '../../../src/tokens/registry/registry.js';
import type { RegistryFixture } from '../../contract/registry/samples.js';
import { SILENT } from '../../redis/logs.js';

export function openingAt(location: RegistryLocation, cleanUp?: () => Promise<void>): RegistryFixture {
  const opened: Registry[] = [];
  return {
    async open() {
      const registry = await openRegistry(location, { log: SILENT });
      opened.push(registry);
      return registry;
    },
    async close() {
      for (const registry of opened) await registry.close();
      await cleanUp?.();
    },
  };
}
