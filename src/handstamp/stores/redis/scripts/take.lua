local name, holder, till, now = unpack(ARGV)
local held = redis.call('HGET', root .. 'leases', name)
if held then
  local by, held_till = unpack(cjson.decode(held))
  if by ~= holder and tonumber(now) < tonumber(held_till) then
    return 0
  end
end
-- Times go as text: a number would lose digits on its way through JSON.
redis.call('HSET', root .. 'leases', name, cjson.encode({holder, till}))
return 1
