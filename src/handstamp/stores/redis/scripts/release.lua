local name, holder = unpack(ARGV)
local held = redis.call('HGET', root .. 'leases', name)
if held and cjson.decode(held)[1] == holder then
  redis.call('HDEL', root .. 'leases', name)
end
return 0
