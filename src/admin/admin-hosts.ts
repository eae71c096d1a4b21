/**
 * Which hosts the admin port answers for. A page of the web whose name is made to stand for the operator's own machine (DNS
 * rebinding) has that name in its Host field, and may read nothing here.
 */
import type { RequestHandler } from 'express';
import { isIP } from 'node:net';

/** RFC 9110 7.2: a host with an optional port, an IPv6 address in brackets. */
const HOST = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/;

/**
 * Refuses with 421 (RFC 9110 15.5.20) what is sent to another host than an IP address, `localhost` or one of the list, and
 * with 400 what names none or two. HTTP/1.0, which no browser speaks, need not name one.
 *
 * @param hosts names in lower case, asked for at each request
 */
export function mustNameHost(hosts: () => readonly string[]): RequestHandler {
  return (req, res, next) => {
    const [host, second] = req.headersDistinct['host'] ?? [];
    if (second !== undefined || (host === undefined && req.httpVersion !== '1.0')) {
      refuse(400, 'The request must have one Host field');
    } else if (host === undefined || isOwn(host.toLowerCase(), hosts())) {
      next();
    } else {
      refuse(421, 'The Host field must be an IP address, localhost, or a name listed in admin.hosts');
    }

    function refuse(status: number, message: string): void {
      res.status(status).json({ errors: [{ code: status, message }] });
    }
  };
}

function isOwn(text: string, hosts: readonly string[]): boolean {
  const [, bracketed, plain] = HOST.exec(text) ?? [];
  if (bracketed !== undefined) return isIP(bracketed) === 6;
  if (plain === undefined) return false;
  const name = plain.endsWith('.') ? plain.slice(0, -1) : plain;
  return isIP(name) === 4 || name === 'localhost' || hosts.includes(name);
}
