/** The version of Tollgate, as package.json says it: the one place that knows. */
import { readFileSync } from 'node:fs';

const PACKAGE = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

export const VERSION = PACKAGE.version;

/** How the gate names itself to the services that it asks on its own account (RFC 9110 10.1.5). */
export const USER_AGENT = `tollgate/${VERSION}`;
