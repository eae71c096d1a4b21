/**
 * The Lua scripts of the limits in Redis, by Redis's clock: one decides a batch of checks, the other reads counts. Called
 * by `redis-store.ts` and `redis-inspector.ts`.
 *
 * A key holds one string of big-endian numbers. Its first byte is its form:
 *
 * - 1, while N is at most 256: the time of each counted request in milliseconds (6 bytes).
 * - 2, once N has been larger: how many are counted (6), then the entries that `window.ts` describes: a time (6) and how
 *   many requests share it (3). The first form becomes the second when a request is counted under a larger N; the
 *   second stays until the key expires.
 *
 * That is 61 bytes at 10 per 2m, 1.5 KB at 256 and 0.6 KB above. A key expires when its newest entry leaves the window.
 *
 * KEYS are the windows of all checks, check by check. ARGV is the deadline, then for each check the number of its
 * windows, negative where their states are wanted, and for each window N and W. The reply is Redis's time, then for each
 * check whether it was admitted (1 or 0), its deciding window (from 0), what remains there and when that resets; then, where
 * wanted, the state of each window after the decision, in the form of the script that reads. A call that runs after its deadline counts
 * nothing, since no caller waits for it; its reply is only the time.
 *
 * One more key than the windows is a hash. The number in its field `revision` is the last of the reply; 0 where there
 * is none or it cannot be read, since the requests are already counted.
 *
 * The script that reads has the same KEYS without that hash, and N and W of each window as ARGV. It writes nothing and has
 * no deadline. Its reply is Redis's time, then for each window how many requests are counted and when that changes: when
 * the next request is admitted if it is exhausted, otherwise when the oldest one leaves; the time itself if it is empty.
 */
import { BUCKETS, EXACT_UP_TO } from './window.js';

/** How many numbers the reply has for each check. */
export const REPLY_FIELDS = 4;

/** How many numbers the state of a window has. */
export const STATE_FIELDS = 2;

const CLOCK = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stamp = time[1] * 1000 + math.ceil(time[2] / 1000)
local reply = { now }
`;

const READ_WINDOW = `
local unpack, pack = struct.unpack, struct.pack

local function entry(value, place, exact)
  if exact then return unpack('>I6', value, place), 1 end
  return unpack('>I6I3', value, place)
end

local function read(key, limit, window)
  local value = redis.call('GET', key) or '\\1'
  local exact = value:byte(1) == 1
  local head, size = 2, 6
  if not exact then head, size = 8, 9 end
  local total = exact and (#value - 1) / 6 or unpack('>I6', value, 2)
  local newest = #value > head and unpack('>I6', value, #value - size + 1) or 0
  local from = newest > stamp and newest or now
  while head < #value do
    local at, count = entry(value, head, exact)
    if at + window > from then break end
    total = total - count
    head = head + size
  end
  local free
  if total >= limit then
    local left, place, at, count = total, head
    repeat
      at, count = entry(value, place, exact)
      left = left - count
      place = place + size
    until left < limit
    free = at + window
  end
  return { key = key, limit = limit, window = window, exact = exact, entries = value:sub(head), total = total,
    mark = newest > stamp and newest or stamp, free = free }
end

local function reset_of(w)
  return w.free or w.total > 0 and unpack('>I6', w.entries) + w.window or now
end
`;

/** The script that decides; keys, arguments and reply as described above. */
export const CONSUME_SCRIPT = `${CLOCK}
if now > tonumber(ARGV[1]) then return reply end
${READ_WINDOW}
local function share(w)
  local entries = w.exact and w.entries:gsub('......', '%0\\0\\0\\1') or w.entries
  local last, count = #entries, 1
  if last > 0 then
    local at, shared = unpack('>I6I3', entries, last - 8)
    local together = at == w.mark or w.limit > ${EXACT_UP_TO}
      and math.floor(at * ${BUCKETS} / w.window) == math.floor(w.mark * ${BUCKETS} / w.window)
    if together and shared < 0xffffff then last, count = last - 9, shared + 1 end
  end
  return entries:sub(1, last) .. pack('>I6I3', w.mark, count)
end

local function write(w)
  local entries, header
  if w.exact and w.limit <= ${EXACT_UP_TO} then
    header, entries = '\\1', w.entries .. pack('>I6', w.mark)
  else
    header, entries = '\\2' .. pack('>I6', w.total + 1), share(w)
  end
  redis.call('SET', w.key, header .. entries, 'PX', w.mark + w.window - now)
  return unpack('>I6', entries) + w.window
end

local key, arg = 1, 2
while ARGV[arg] do
  local windows, size = {}, tonumber(ARGV[arg])
  local states = size < 0 and {}
  if states then size = -size end
  local admitted, index, remaining, reset = 1, 0, 0, 0
  arg = arg + 1
  for i = 1, size do
    local w = read(KEYS[key], tonumber(ARGV[arg]), tonumber(ARGV[arg + 1]))
    if w.free then
      if w.free > reset then index, reset = i - 1, w.free end
      admitted = 0
    end
    windows[i] = w
    key, arg = key + 1, arg + 2
  end
  if admitted == 1 then
    remaining = math.huge
    for i = 1, size do
      local w = windows[i]
      local resetOfThis, left = write(w), w.limit - w.total - 1
      if left < remaining or left == remaining and resetOfThis > reset then
        index, remaining, reset = i - 1, left, resetOfThis
      end
      if states then states[2 * i - 1], states[2 * i] = w.total + 1, resetOfThis end
    end
  elseif states then
    for i = 1, size do
      states[2 * i - 1], states[2 * i] = windows[i].total, reset_of(windows[i])
    end
  end
  local n = #reply
  reply[n + 1], reply[n + 2], reply[n + 3], reply[n + 4] = admitted, index, remaining, reset
  if states then
    for i = 1, #states do reply[n + 4 + i] = states[i] end
  end
end
if KEYS[key] then reply[#reply + 1] = tonumber(redis.pcall('HGET', KEYS[key], 'revision') or 0) or 0 end
return reply
`;

/** The script that reads; keys, arguments and reply as described above. */
export const INSPECT_SCRIPT = `${CLOCK}${READ_WINDOW}
for i = 1, #KEYS do
  local w = read(KEYS[i], tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i]))
  reply[2 * i] = w.total
  reply[2 * i + 1] = reset_of(w)
end
return reply
`;
