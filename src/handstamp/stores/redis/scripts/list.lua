-- Gives for each session its id, the row, and when it was last used.
local user = ARGV[1]
local sessions = {}
for _, id in ipairs(redis.call('SMEMBERS', live(user))) do
  if going_on(id) == user then
    sessions[#sessions + 1] = {id, unpack(whole(id), 1, 2)}
  end
end
return sessions
