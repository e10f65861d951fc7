-- Removes the members of a sorted set whose time has passed; gives how many.
local set, now, limit = unpack(ARGV)
local over = redis.call('ZRANGE', root .. set, '-inf', now, 'BYSCORE', 'LIMIT', 0, limit)
for _, member in ipairs(over) do
  redis.call('ZREM', root .. set, member)
end
return #over
