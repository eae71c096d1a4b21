/** Bundles the console's page into `dist/console/page/`. Run by `npm run build`, and called by `prepare.js`. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'vite';

const ROOT = resolve(import.meta.dirname, '../src/console/page');

/** Builds the page. Rejects with the bundler's error. */
export async function buildPage() {
  await build({
    configFile: false,
    root: ROOT,
    // Relative addresses work below any path prefix.
    base: './',
    logLevel: 'warn',
    build: {
      outDir: resolve(import.meta.dirname, '../dist/console/page'),
      emptyOutDir: true,
      target: 'es2022',
      // The content security policy has no place for inlined files.
      assetsInlineLimit: 0,
    },
  });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  await buildPage();
