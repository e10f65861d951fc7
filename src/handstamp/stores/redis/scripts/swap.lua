local id, issued, confirmed = unpack(ARGV, 1, 3)
local stored = redis.call('HMGET', row(id), 'generation', 'confirmed_generation')
if not going_on(id) or stored[1] ~= issued or stored[2] ~= confirmed then
  return 0
end
redis.call('HSET', row(id), unpack(ARGV, 4))
return 1
