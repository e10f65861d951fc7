local now, limit = unpack(ARGV)
local over = redis.call('ZRANGE', expiry, '-inf', now, 'BYSCORE', 'LIMIT', 0, limit)
for _, entry in ipairs(over) do
  local id, user = unpack(cjson.decode(entry))
  redis.call('SREM', live(user), id)
  redis.call('UNLINK', row(id), used(id))
  redis.call('ZREM', expiry, entry)
end
return #over
