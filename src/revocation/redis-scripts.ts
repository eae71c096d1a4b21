/**
 * The Lua scripts for revocations in Redis. They use a hash, whose name is also the channel's name, and a sorted set in
 * the same slot of a cluster (KEYS 1 and 2).
 *
 * - `revision` grows with each change. It is the time in microseconds, so a value never repeats, even when Redis lost
 *   all data in between. The limit script reads it too.
 * - `epoch` is the revision of the first revocation in the hash, where Redis is the source. Another epoch means that
 *   Redis lost the earlier ones.
 * - every other field, an array in JSON, is a revocation.
 * - the sorted set has each field that was ever written, with its last revision, so that changes since a revision are
 *   read alone. A field that is not in the hash was undone.
 * - `logged` is the last revision in the sorted set, and `from` the one since which it is complete. They show when it
 *   is not: a gateway of an older version does not write it, and Redis may evict only it. Then everything is read.
 */

const BUMP_REVISION = `
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

const RECORD_CHANGES = `${BUMP_REVISION}
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

/** Publishes a new revision, for a change that was made elsewhere. */
export const PUBLISH_SCRIPT = `${BUMP_REVISION}
touch(1)
return {}
`;

/** Replies the revision, or 0. */
export const REVISION_SCRIPT = `
return { tonumber(redis.call('HGET', KEYS[1], 'revision') or 0) or 0 }
`;

/** Adds a revocation. ARGV: field and value. */
export const REVOKE_SCRIPT = `${RECORD_CHANGES}
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('HSETNX', KEYS[1], 'epoch', note({ ARGV[1] }))
return {}
`;

/** Removes a revocation. ARGV: field. Replies 1 if it was present, else 0. */
export const RESTORE_SCRIPT = `${RECORD_CHANGES}
local removed = redis.call('HDEL', KEYS[1], ARGV[1])
if removed == 1 then note({ ARGV[1] }) end
return { removed }
`;

/** Adds revocations whose fields are absent. ARGV: '' or 'last', then field, value, … With `last` the epoch starts. */
export const MERGE_SCRIPT = `${RECORD_CHANGES}
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
 * Reads a page of all revocations. ARGV: a cursor, at first 0, and how much to read. Replies the revision, the epoch or
 * '', the next cursor, then field, value, … Redis counts requests between pages.
 */
export const PAGE_SCRIPT = `
local head = redis.call('HMGET', KEYS[1], 'revision', 'epoch')
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local reply = { tonumber(head[1] or 0) or 0, head[2] or '', page[1] }
for _, text in ipairs(page[2]) do reply[#reply + 1] = text end
return reply
`;

/**
 * Reads changes. ARGV: an epoch, a revision, and how many changes to read. Replies nothing where the changes since then
 * are not known. Otherwise it replies the revision, then field, revision, value, … in the order of revisions. The value
 * is empty where the revocation was undone.
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
