/**
 * What is done in Redis: one hash, whose name is also that of the channel.
 *
 * - `revision` has a number that grows with each change: the time in microseconds, so that it is never one that it was
 *   before, even when Redis has lost everything in between. The limiter's script reads it along.
 * - `epoch` is the revision at which the revocations in the hash began, where they are kept here: another one means that Redis
 *   has lost those of before.
 * - every other field, an array in JSON, is a revocation.
 *
 * One key, since what belongs together must not be evicted apart, and so that it has one place in a cluster.
 */

const TOUCH = `
local function touch()
  local time = redis.call('TIME')
  local revision = time[1] * 1000000 + time[2]
  local last = tonumber(redis.call('HGET', KEYS[1], 'revision') or 0) or 0
  if revision <= last then revision = last + 1 end
  local text = string.format('%.0f', revision)
  redis.call('HSET', KEYS[1], 'revision', text)
  redis.call('PUBLISH', KEYS[1], text)
  return text
end
`;

const KEEP = `
local function keep()
  redis.call('HSETNX', KEYS[1], 'epoch', touch())
end
`;

/** Tells of a change that was made elsewhere. */
export const RING_SCRIPT = `${TOUCH}
touch()
return {}
`;

/** The revision, or 0. */
export const REVISION_SCRIPT = `
return { tonumber(redis.call('HGET', KEYS[1], 'revision') or 0) or 0 }
`;

/** ARGV: field and value. */
export const REVOKE_SCRIPT = `${TOUCH}${KEEP}
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
keep()
return {}
`;

/** ARGV: field. Replies whether there was one. */
export const RESTORE_SCRIPT = `${TOUCH}
local removed = redis.call('HDEL', KEYS[1], ARGV[1])
if removed == 1 then touch() end
return { removed }
`;

/** ARGV: fields and values in turn, put where there is none. Rings when `last` stands before them. */
export const MERGE_SCRIPT = `${TOUCH}${KEEP}
for i = 2, #ARGV, 2 do redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1]) end
if ARGV[1] == 'last' then keep() end
return {}
`;

/**
 * ARGV: a cursor, at first 0, and how much to read. Replies the revision, the epoch or '', the next cursor, and fields
 * and values in turn. Page by page, so that Redis goes on counting requests in between.
 */
export const PAGE_SCRIPT = `
local head = redis.call('HMGET', KEYS[1], 'revision', 'epoch')
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local reply = { tonumber(head[1] or 0) or 0, head[2] or '', page[1] }
for _, text in ipairs(page[2]) do reply[#reply + 1] = text end
return reply
`;
