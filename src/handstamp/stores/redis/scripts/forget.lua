local now, limit = unpack(ARGV)
local challenges = root .. 'challenges'
local over = redis.call('ZRANGE', challenges, '-inf', now, 'BYSCORE', 'LIMIT', 0, limit)
for _, id in ipairs(over) do
  redis.call('ZREM', challenges, id)
end
return #over
