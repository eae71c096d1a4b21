/**
 * What is done in Redis: a hash, whose name is also that of the channel, and a sorted set beside it in the same slot of
 * a cluster (KEYS 1 and 2).
 *
 * - `revision` has a number that grows with each change: the time in microseconds, so that it is never one that it was
 *   before, even when Redis has lost everything in between. The limiter's script reads it along.
 * - `epoch` is the revision at which the revocations in the hash began, where they are kept here: another one means that
 *   Redis has lost those of before.
 * - every other field, an array in JSON, is a revocation.
 * - the sorted set has each field that was ever written, by the revision at which it was last: what is new since a
 *   revision is read without the rest. One that is no more in the hash was undone.
 * - `logged` is the last revision that is in the sorted set, and `from` the one since which it is complete. They tell
 *   when it is not: a gate of an older version does not write it, and Redis may evict it alone. Then all is read.
 */

const TOUCH = `
local function touch(count)
  local time = redis.call('TIME')
  local revision = time[1] * 1000000 + time[2]
  local last = tonumber(redis.call('HGET', KEYS[1], 'revision') or 0) or 0
  if revision <= last then revision = last + 1 end
  local text = string.format('%.0f', revision + count - 1)
  redis.call('HSET', KEYS[1], 'revision', text)
  redis.call('PUBLISH', KEYS[1], text)
  return revision, text
end
`;

const NOTE = `${TOUCH}
local function note(fields)
  local head = redis.call('HMGET', KEYS[1], 'revision', 'logged')
  if head[1] ~= head[2] or (head[2] and redis.call('EXISTS', KEYS[2]) == 0) then
    redis.call('HSET', KEYS[1], 'from', head[1] or '0')
  end
  local revision, text = touch(#fields)
  for i, field in ipairs(fields) do
    redis.call('ZADD', KEYS[2], string.format('%.0f', revision + i - 1), field)
  end
  redis.call('HSET', KEYS[1], 'logged', text)
  return text
end
`;

/** Tells of a change that was made elsewhere. */
export const PUBLISH_SCRIPT = `${TOUCH}
touch(1)
return {}
`;

/** The revision, or 0. */
export const REVISION_SCRIPT = `
return { tonumber(redis.call('HGET', KEYS[1], 'revision') or 0) or 0 }
`;

/** ARGV: field and value. */
export const REVOKE_SCRIPT = `${NOTE}
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('HSETNX', KEYS[1], 'epoch', note({ ARGV[1] }))
return {}
`;

/** ARGV: field. Replies whether there was one. */
export const RESTORE_SCRIPT = `${NOTE}
local removed = redis.call('HDEL', KEYS[1], ARGV[1])
if removed == 1 then note({ ARGV[1] }) end
return { removed }
`;

/** ARGV: fields and values in turn, put where there is none. The epoch begins when `last` stands before them. */
export const MERGE_SCRIPT = `${NOTE}
local put = {}
for i = 2, #ARGV, 2 do
  if redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1]) == 1 then put[#put + 1] = ARGV[i] end
end
local text
if #put > 0 then text = note(put) else text = redis.call('HGET', KEYS[1], 'revision') end
if ARGV[1] == 'last' then redis.call('HSETNX', KEYS[1], 'epoch', text or note({ ARGV[2] })) end
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

/**
 * ARGV: an epoch, a revision, and how many changes to read. Replies nothing where what is new since cannot be told; else
 * the revision, and fields, revisions and values of what has changed, in the order of revisions, a value of what was
 * undone being empty.
 */
export const CHANGES_SCRIPT = `
local head = redis.call('HMGET', KEYS[1], 'revision', 'epoch', 'logged', 'from')
if not head[1] or (head[2] or '') ~= ARGV[1] or head[1] ~= head[3] then return {} end
if (tonumber(head[4] or 0) or 0) > tonumber(ARGV[2]) or redis.call('EXISTS', KEYS[2]) == 0 then return {} end
local reply = { tonumber(head[1]) }
local page = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[2], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[3])
for i = 1, #page, 2 do
  reply[#reply + 1] = page[i]
  reply[#reply + 1] = page[i + 1]
  reply[#reply + 1] = redis.call('HGET', KEYS[1], page[i]) or ''
end
return reply
`;
