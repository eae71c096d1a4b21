/** Serves the built page: the files of `dist/console/page`, which are read once. Called by `console.ts`. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RequestHandler } from 'express';

interface PageFile {
  readonly body: Buffer;
  readonly type: string;
  readonly etag: string;
  readonly cacheControl: string;
}

/** By path: `/index.html`, `/assets/main-1a2b3c.js`. A path that is not in it does not exist, so none leaves the folder. */
export type PageFiles = ReadonlyMap<string, PageFile>;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The page of a build is beside this module; from the sources it is that of the checkout. */
const FOLDER = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../../dist/console/page' : '../page', import.meta.url),
);
const NOT_BUILT = 'The page of the console is not built. In a checkout, run: npm run build\n';

/**
 * Reads the files of the page. Without the folder there are none. Rejects where a file cannot be read.
 *
 * @param folder by default that of this installation
 */
export async function readPageFiles(folder = FOLDER): Promise<PageFiles> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry): Promise<[string, PageFile]> => {
        const file = join(entry.parentPath, entry.name);
        const path = `/${relative(folder, file).split(sep).join('/')}`;
        return [path, pageFile(path, await readFile(file))];
      }),
  );
  return new Map(files);
}

function pageFile(path: string, body: Buffer): PageFile {
  const extension = extname(path);
  // The bundler puts a hash of the content into the names in assets/.
  const cached = path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
  return {
    body,
    type: TYPES[extension] ?? 'application/octet-stream',
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
    cacheControl: extension === '.html' ? 'no-store' : cached,
  };
}

/** Creates the handler of the files: GET and HEAD, 304 for a known ETag, 404 for any other path, 405 for another method. */
export function servePage(files: PageFiles): RequestHandler {
  return (req, res) => {
    const { path } = req;
    const file = files.get(path === '/' ? '/index.html' : path);
    res.type('text/plain');
    if (!file) {
      const isPage = path === '/' || path === '/index.html';
      res.status(isPage ? 503 : 404).send(isPage ? NOT_BUILT : 'No such page\n');
    } else if (req.method !== 'GET' && req.method !== 'HEAD') {
      res.status(405).set('Allow', 'GET, HEAD').send('Only GET and HEAD are allowed here\n');
    } else {
      res.set({ 'Content-Type': file.type, 'Cache-Control': file.cacheControl, ETag: file.etag });
      // Express removes the body for HEAD, and responds 304 where the ETag is the client's.
      res.send(file.body);
    }
  };
}
