/**
 * The naive composition: Express, express-jwt, jwks-rsa, rate-limiter-flexible and http-proxy, combined as
 * their READMEs say. It does the same as the gateway: verify, check the scope, count per app and endpoint,
 * set the headers, forward.
 */
import { Agent, createServer } from 'node:http';
import express, { type NextFunction, type Request, type Response } from 'express';
import { expressjwt, type GetVerificationKey, type Request as JwtRequest } from 'express-jwt';
import httpProxy from 'http-proxy';
import { Redis } from 'ioredis';
import jwksRsa from 'jwks-rsa';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { readStackContext, serve } from './context.js';

const context = readStackContext();

const limiter = new RateLimiterRedis({
  storeClient: new Redis(context.redis),
  keyPrefix: 'naive',
  points: context.limit.requests,
  duration: context.limit.windowS,
});

const verify = expressjwt({
  secret: jwksRsa.expressJwtSecret({
    cache: true,
    rateLimit: true,
    jwksRequestsPerMinute: 5,
    jwksUri: context.jwks,
  }) as GetVerificationKey,
  audience: context.audience,
  issuer: context.issuer,
  algorithms: ['RS256'],
});

function requireScope(scope: string) {
  return (req: JwtRequest, res: Response, next: NextFunction): void => {
    const granted: unknown = req.auth?.['scope'];
    if (Array.isArray(granted) && granted.includes(scope)) next();
    else res.status(403).json({ errors: [{ code: 220, message: 'insufficient scope' }] });
  };
}

async function limit(req: JwtRequest & Request, res: Response, next: NextFunction): Promise<void> {
  try {
    const quota = await limiter.consume(`${req.auth?.sub ?? ''}:${req.method} ${req.path}`);
    tell(res, quota);
    next();
  } catch (reason) {
    if (!(reason instanceof RateLimiterRes)) throw reason;
    tell(res, reason);
    res.set('Retry-After', String(Math.ceil(reason.msBeforeNext / 1000)));
    res.status(429).json({ errors: [{ code: 88, message: 'Rate limit exceeded' }] });
  }
}

function tell(res: Response, quota: RateLimiterRes): void {
  res.set({
    'X-RateLimit-Limit': String(context.limit.requests),
    'X-RateLimit-Remaining': String(quota.remainingPoints),
    'X-RateLimit-Reset': String(Math.ceil((Date.now() + quota.msBeforeNext) / 1000)),
  });
}

// Keep-alive connections here too, which http-proxy's README omits: the comparison should not depend on that.
const proxy = httpProxy.createProxyServer({
  target: context.upstream,
  agent: new Agent({ keepAlive: true }),
});
proxy.on('error', (error) => process.stderr.write(`${error.stack ?? error.message}\n`));

const app = express();
app.get(context.path, verify, requireScope(context.scope), limit, (req, res) => proxy.web(req, res));
serve(createServer(app));
