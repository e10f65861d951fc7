-- Gives the ids of those that this call ended. What is left of sessions that have gone is cleared away.
local user, reason, now, keep = unpack(ARGV)
local ended = {}
for _, id in ipairs(redis.call('SMEMBERS', live(user))) do
  if going_on(id) ~= user then
    redis.call('SREM', live(user), id)
  elseif id ~= keep then
    finish(id, user, reason, now)
    ended[#ended + 1] = id
  end
end
return ended
