/** The header fields of every response of the console. Called by `console.ts`. */
import type { RequestHandler } from 'express';

const FIELDS = {
  'Content-Security-Policy':
    "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'X-Frame-Options': 'DENY',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

/** Sets the fields. A file of the page may replace `Cache-Control`. */
export const setSecurityHeaders: RequestHandler = (_req, res, next) => {
  res.set(FIELDS);
  next();
};
