-- wrk's part of the bench: tokens in turn, every answer looked at, the outcome as one line of JSON.
-- Arguments after the URL: TOKENS_FILE UPLOAD_FILE BODY_FILE STATUS LIMIT. An empty UPLOAD_FILE stands for GET, an empty
-- LIMIT for no limit headers, an empty file of tokens for requests without one.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

local requests, turn = {}, 0
local due = {}
-- Global, so that `done` can read them from each thread.
wrong, first_wrong = 0, ''

local function read_file(path)
  local file = assert(io.open(path, 'rb'))
  local text = file:read('*a')
  file:close()
  return text
end

function init(args)
  local upload = args[2] ~= '' and read_file(args[2]) or nil
  local method = upload and 'POST' or 'GET'
  for token in read_file(args[1]):gmatch('%S+') do
    table.insert(requests, wrk.format(method, nil, { ['Authorization'] = 'Bearer ' .. token }, upload))
  end
  if #requests == 0 then table.insert(requests, wrk.format(method, nil, {}, upload)) end
  due.body = read_file(args[3])
  due.status = tonumber(args[4])
  due.limit = args[5] ~= '' and args[5] or nil
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

local function fault(status, headers, body)
  if status ~= due.status then return 'status ' .. status .. ': ' .. body end
  if body ~= due.body then return 'a body of ' .. #body .. ' bytes: ' .. body end
  local limit = headers['X-RateLimit-Limit'] or headers['x-ratelimit-limit']
  if limit ~= due.limit then return 'X-RateLimit-Limit: ' .. tostring(limit) end
  if not due.limit then return nil end
  local remaining = tonumber(headers['X-RateLimit-Remaining'] or headers['x-ratelimit-remaining'])
  if not remaining or remaining < 0 or remaining >= tonumber(limit) then
    return 'X-RateLimit-Remaining: ' .. tostring(remaining)
  end
  if not tonumber(headers['X-RateLimit-Reset'] or headers['x-ratelimit-reset']) then
    return 'no X-RateLimit-Reset'
  end
end

function response(status, headers, body)
  local found = fault(status, headers, body)
  if found then
    wrong = wrong + 1
    if first_wrong == '' then first_wrong = found end
  end
end

function done(summary, latency)
  local wrong_in_all, first = 0, ''
  for _, thread in ipairs(threads) do
    wrong_in_all = wrong_in_all + thread:get('wrong')
    if first == '' then first = thread:get('first_wrong') end
  end
  local errors = summary.errors
  io.write(string.format(
    '\nOUTCOME {"requests":%d,"seconds":%.6f,"p50Ms":%.3f,"p99Ms":%.3f,"wrong":%d,"firstWrong":"%s","socketErrors":%d}\n',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    wrong_in_all, first:sub(1, 300):gsub('[^%w%p ]', ' '):gsub('["\\]', "'"),
    errors.connect + errors.read + errors.write + errors.timeout))
end
