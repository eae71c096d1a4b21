/**
 * Checks the Host field on the admin port, against DNS rebinding: a web page whose name resolves to the operator's own
 * machine sends that name in its Host field, and is refused. Called by `admin.ts`.
 */
import type { RequestHandler } from 'express';
import { isIP } from 'node:net';

/** RFC 9110 7.2: a host with an optional port, an IPv6 address in brackets. */
const HOST = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/;

/**
 * Makes a middleware that refuses a request with 421 (RFC 9110 15.5.20) unless its host is an IP address, `localhost` or
 * listed, and with 400 if it has no Host field or two. HTTP/1.0, which no browser uses, may omit the field.
 *
 * @param hosts returns names in lower case; called at each request
 */
export function requireAllowedHost(hosts: () => readonly string[]): RequestHandler {
  return (req, res, next) => {
    const [host, second] = req.headersDistinct['host'] ?? [];
    if (second !== undefined || (host === undefined && req.httpVersion !== '1.0')) {
      refuse(400, 'The request must have one Host field');
    } else if (host === undefined || isAllowed(host.toLowerCase(), hosts())) {
      next();
    } else {
      refuse(421, 'The Host field must be an IP address, localhost, or a name listed in admin.hosts');
    }

    function refuse(status: number, message: string): void {
      res.status(status).json({ errors: [{ code: status, message }] });
    }
  };
}

function isAllowed(text: string, hosts: readonly string[]): boolean {
  const [, bracketed, plain] = HOST.exec(text) ?? [];
  if (bracketed !== undefined) return isIP(bracketed) === 6;
  if (plain === undefined) return false;
  const name = plain.endsWith('.') ? plain.slice(0, -1) : plain;
  return isIP(name) === 4 || name === 'localhost' || hosts.includes(name);
}
