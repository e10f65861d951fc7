for index = 1, #ARGV, 2 do
  local id, at = ARGV[index], ARGV[index + 1]
  if going_on(id) then
    local started, idle = unpack(redis.call('HMGET', row(id), 'last_used_at', 'idle_timeout'))
    local last = tonumber(redis.call('GET', used(id)) or started) or 0
    if last < tonumber(at) and tonumber(at) < last + (tonumber(idle) or 0) then
      redis.call('SET', used(id), at)
      local milliseconds = redis.call('PTTL', row(id))
      if milliseconds > 0 then
        redis.call('PEXPIRE', used(id), milliseconds)
      end
    end
  end
end
return 0
