-- Gives 0 where the id is taken, 1 where nothing was replaced, or the replaced session.
local id, user, expires_at, milliseconds, entry, replaces, now = unpack(ARGV, 1, 7)
if redis.call('EXISTS', row(id)) == 1 then
  return 0
end
local replaced = 1
local owner = going_on(replaces)
if owner then
  finish(replaces, owner, 'replaced', now)
  replaced = whole(replaces)
end
redis.call('HSET', row(id), unpack(ARGV, 8))
redis.call('PEXPIRE', row(id), milliseconds)
redis.call('ZADD', expiry, expires_at, entry)
if redis.call('HEXISTS', row(id), 'ended_at') == 0 then
  redis.call('SADD', live(user), id)
  -- The set outlives each session in it.
  if redis.call('PTTL', live(user)) < tonumber(milliseconds) then
    redis.call('PEXPIRE', live(user), milliseconds)
  end
end
return replaced
