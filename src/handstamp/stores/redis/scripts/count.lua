-- Gives when the bucket is full again where nothing was counted, or else nothing.
local key, allowed_before, every, now = unpack(ARGV)
local stored = redis.call('ZSCORE', root .. 'attempts', key)
local full_at = tonumber(stored or now)
if full_at >= tonumber(allowed_before) then
  return stored
end
local one_more = math.max(full_at, tonumber(now)) + tonumber(every)
redis.call('ZADD', root .. 'attempts', string.format('%.17g', one_more), key)
return false
