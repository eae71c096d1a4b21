/** The version of Tollgate, read from package.json. */
import { readFileSync } from 'node:fs';

const PACKAGE = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

export const VERSION = PACKAGE.version;

/** The User-Agent of the gateway's own requests (RFC 9110 10.1.5). */
export const USER_AGENT = `tollgate/${VERSION}`;
