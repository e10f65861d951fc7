-- The requests of bench/requests.lua, for bench/attack.py. After "--": the file of cookies, how to send them, and the
-- milliseconds that each connection waits before a request.
--
--   whole   The line is the session cookie, among two others, as a browser sends it.
--   forged  The same, with a signature drawn for each request.
--   raw     The line is all of the Cookie header.
--   none    No Cookie header.

local cookies, turn, way, pause = {}, 0, "whole", 0
local headers = {
  ["Connection"] = "keep-alive",
  ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  ["Accept"] = "*/*",
  ["Sec-Fetch-Site"] = "same-origin",
  ["Sec-Fetch-Mode"] = "cors",
  ["Sec-Fetch-Dest"] = "empty",
  ["Accept-Encoding"] = "gzip, deflate, br, zstd",
  ["Accept-Language"] = "en-GB,en;q=0.9",
}
local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
local last = "AEIMQUYcgkosw048" -- 32 bytes leave four bits for the last character

local function drawn(characters)
  local place = math.random(#characters)
  return characters:sub(place, place)
end

local function signature()
  local parts = {}
  for place = 1, 42 do
    parts[place] = drawn(alphabet)
  end
  parts[43] = drawn(last)
  return table.concat(parts)
end

function init(arguments)
  way, pause = arguments[2], tonumber(arguments[3])
  math.randomseed(os.time())
  for cookie in io.lines(arguments[1]) do
    table.insert(cookies, cookie)
  end
  if pause == 0 then
    delay = nil
  end
end

function delay()
  return pause
end

function request()
  if way ~= "none" then
    turn = turn % #cookies + 1
    local cookie = cookies[turn]
    if way == "forged" then
      cookie = cookie:match("^(.*%.)") .. signature()
    end
    headers["Cookie"] = way == "raw" and cookie or "theme=dark; " .. cookie .. "; signed_in=1"
  end
  return wrk.format("GET", nil, headers)
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests": %d, "seconds": %f, "refused": %d, "broken": %d, "p50": %f, "p99": %f, "max": %f}\n',
    summary.requests, summary.duration / 1e6, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1e6, latency:percentile(99) / 1e6, latency.max / 1e6
  ))
end
