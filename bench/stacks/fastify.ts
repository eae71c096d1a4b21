/**
 * Fastify with its own plugins, as their READMEs say: @fastify/jwt with its cache of verified tokens,
 * @fastify/rate-limit on Redis, @fastify/http-proxy. It does the same as the gateway: verify, check the
 * scope, count, set the headers, forward.
 */
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import jwt from '@fastify/jwt';
import proxy from '@fastify/http-proxy';
import rateLimit from '@fastify/rate-limit';
import Fastify, { type FastifyRequest } from 'fastify';
import { Redis } from 'ioredis';
import { readStackContext } from './context.js';

interface Claims {
  readonly sub: string;
  readonly scope: readonly string[];
}

const context = readStackContext();
const app = Fastify();

// Read once at the start: with a function instead of the key @fastify/jwt caches no verified tokens.
const { keys } = (await (await fetch(context.jwks)).json()) as { keys: JsonWebKey[] };
const key = createPublicKey({ key: keys[0]!, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
await app.register(jwt, {
  secret: { public: key.toString() },
  verify: {
    algorithms: ['RS256'],
    allowedIss: context.issuer,
    allowedAud: context.audience,
    cache: 10_000,
  },
});
await app.register(rateLimit, {
  global: false,
  max: context.limit.requests,
  timeWindow: context.limit.windowS * 1000,
  hook: 'preHandler',
  redis: new Redis(context.redis, { connectTimeout: 500, maxRetriesPerRequest: 1 }),
  nameSpace: 'fastify-',
  keyGenerator: (request) => `${claimsOf(request).sub}:${request.method} ${context.path}`,
});
app.addHook('preHandler', async (request, reply) => {
  try {
    await request.jwtVerify();
  } catch {
    return reply.code(401).send({ errors: [{ code: 89, message: 'Invalid or expired token' }] });
  }
  if (!claimsOf(request).scope.includes(context.scope)) {
    return reply.code(403).send({ errors: [{ code: 220, message: 'insufficient scope' }] });
  }
});
app.addHook('preHandler', app.rateLimit());
await app.register(proxy, { upstream: context.upstream, prefix: context.path, rewritePrefix: context.path });

function claimsOf(request: FastifyRequest): Claims {
  return request.user as Claims;
}

await app.listen({ port: Number(process.argv[2]), host: '127.0.0.1' });
process.on('SIGTERM', () => process.exit(0));
