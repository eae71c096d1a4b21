/** A bucket of traffic as text, for a store that several gateways share: JSON, deflated (RFC 1951), in Base64. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { FIRST_APP, forEachCell, type TrafficApp, type TrafficBucket } from './traffic-bucket.js';

const VERSION = 1;
/** A larger text is not read. */
const MAX_BYTES = 8 * 1024 * 1024;

/** Writes a bucket as text. Takes about a millisecond for a thousand cells. */
export function bucketToText({ at, routes, apps, reasons, cells }: TrafficBucket): string {
  const json = JSON.stringify({
    version: VERSION,
    at,
    routes,
    apps: apps.map(({ issuer, app }) => [issuer, app]),
    reasons,
    cells: Buffer.from(cells).toString('base64'),
  });
  return deflateRawSync(json, { level: 3 }).toString('base64');
}

/** Reads a bucket; undefined where the text is not one, or is of another version. */
export function bucketFromText(text: string): TrafficBucket | undefined {
  try {
    const json: unknown = JSON.parse(
      inflateRawSync(Buffer.from(text, 'base64'), { maxOutputLength: MAX_BYTES }).toString(),
    );
    return bucketOf(json);
  } catch {
    return undefined;
  }
}

function bucketOf(json: unknown): TrafficBucket | undefined {
  if (typeof json !== 'object' || json === null) return undefined;
  const { version, at, routes, apps, reasons, cells } = json as Record<string, unknown>;
  if (version !== VERSION || typeof at !== 'number' || typeof cells !== 'string') return undefined;
  if (!isTexts(routes) || !isTexts(reasons) || !Array.isArray(apps) || !apps.every(isPair)) return undefined;
  const bucket = {
    at,
    routes,
    apps: apps.map(([issuer, app]): TrafficApp => ({ issuer, app })),
    reasons,
    cells: new Uint8Array(Buffer.from(cells, 'base64')),
  };
  return isConsistent(bucket) ? bucket : undefined;
}

/** Whether each cell names a route and an app of the bucket. Throws where the bytes are not cells. */
function isConsistent({ routes, apps, cells }: TrafficBucket): boolean {
  let isValid = true;
  forEachCell(cells, ({ route, app }) => {
    if (route >= routes.length || app >= FIRST_APP + apps.length) isValid = false;
  });
  return isValid;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function isPair(value: unknown): value is [string, string] {
  return isTexts(value) && value.length === 2;
}
