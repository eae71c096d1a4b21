/**
 * The count in Redis: one Lua script that decides a whole batch of checks by Redis's own clock.
 *
 * A key holds one string: how many are counted (6 bytes), then the entries that `window.ts` describes, 9 bytes each:
 * a time in milliseconds (6) and how many requests share it (3), all big-endian. That is 96 bytes at 10 per 2m,
 * 2.3 KB at 256 and 0.6 KB above. Whatever is written expires when its newest entry has left the window.
 *
 * KEYS are the windows of all checks in turn. ARGV is the deadline, then for each check the number of its windows
 * and for each window N and W. The reply is Redis's time, then for each check whether it was admitted (1 or 0), which of
 * its windows tells (from 0), what remains there and when that resets. A call that comes later than its deadline
 * finds nobody waiting: it counts nothing, and its reply is the time alone.
 */
import { BUCKETS, EXACT_UP_TO } from './window.js';

/** How many numbers the reply has for each check. */
export const REPLY_FIELDS = 4;

export const TAKE_SCRIPT = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stamp = time[1] * 1000 + math.ceil(time[2] / 1000)
local reply = { now }
if now > tonumber(ARGV[1]) then return reply end

local HEADER, ENTRY, MOST = 6, 9, 0xffffff
local unpack = struct.unpack

local function read(key, limit, window)
  local value = redis.call('GET', key) or ''
  local total, head, newest = 0, HEADER + 1, 0
  if value ~= '' then
    total = unpack('>I6', value)
    newest = unpack('>I6', value, #value - ENTRY + 1)
  end
  local from = newest > stamp and newest or now
  while head < #value do
    local at, count = unpack('>I6I3', value, head)
    if at + window > from then break end
    total = total - count
    head = head + ENTRY
  end
  local free
  if total >= limit then
    local left, place, at, count = total, head
    repeat
      at, count = unpack('>I6I3', value, place)
      left = left - count
      place = place + ENTRY
    until left < limit
    free = at + window
  end
  return { key = key, limit = limit, window = window, value = value, total = total, head = head,
    mark = newest > stamp and newest or stamp, free = free }
end

local function write(w)
  local last, count = #w.value, 1
  if w.head < last then
    local at, shared = unpack('>I6I3', w.value, last - ENTRY + 1)
    local together = at == w.mark or w.limit > ${EXACT_UP_TO}
      and math.floor(at * ${BUCKETS} / w.window) == math.floor(w.mark * ${BUCKETS} / w.window)
    if together and shared < MOST then
      last = last - ENTRY
      count = shared + 1
    end
  end
  local value = struct.pack('>I6', w.total + 1) .. w.value:sub(w.head, last) .. struct.pack('>I6I3', w.mark, count)
  redis.call('SET', w.key, value, 'PX', w.mark + w.window - now)
  return unpack('>I6', value, HEADER + 1) + w.window
end

local key, arg = 1, 2
while ARGV[arg] do
  local windows, size = {}, tonumber(ARGV[arg])
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
    end
  end
  local n = #reply
  reply[n + 1], reply[n + 2], reply[n + 3], reply[n + 4] = admitted, index, remaining, reset
end
return reply
`;
