-- The requests of a page's script in Chromium, in turn for each of the sessions whose cookies are in the file named
-- after "--". What the protected route gets, the unprotected ones get too.

local requests, turn = {}, 0

local headers = {
  ["Connection"] = "keep-alive",
  ["sec-ch-ua-platform"] = '"Linux"',
  ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  ["sec-ch-ua"] = '"Chromium";v="140", "Not=A?Brand";v="24"',
  ["sec-ch-ua-mobile"] = "?0",
  ["Accept"] = "*/*",
  ["Sec-Fetch-Site"] = "same-origin",
  ["Sec-Fetch-Mode"] = "cors",
  ["Sec-Fetch-Dest"] = "empty",
  ["Accept-Encoding"] = "gzip, deflate, br, zstd",
  ["Accept-Language"] = "en-GB,en;q=0.9",
}

function init(arguments)
  for cookie in io.lines(arguments[1]) do
    headers["Cookie"] = "theme=dark; " .. cookie .. "; signed_in=1"
    table.insert(requests, wrk.format("GET", nil, headers))
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

-- What bench/measure.py reads. Latencies and the duration are in microseconds.
function done(summary, latency, _)
  local errors = summary.errors
  local lost = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format(
    "measured requests=%d refused=%d lost=%d duration=%d p50=%d p99=%d\n",
    summary.requests, errors.status, lost, summary.duration, latency:percentile(50), latency:percentile(99)
  ))
end
