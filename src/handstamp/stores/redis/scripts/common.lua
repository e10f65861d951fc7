-- What every script begins with. KEYS[1] is what all our names begin with. It holds the hash tag of all of them, so
-- that the names made here lie in the slot of the one that is declared.
local root = KEYS[1]
local expiry = root .. 'expiry'
local function row(id) return root .. 'session:' .. id end
local function used(id) return root .. 'used:' .. id end
local function live(user) return root .. 'live:' .. user end

-- The user of a session and when it ended, or nil where it is missing. One that goes on and is not in the set of its
-- user counts as missing: whoever ends all sessions of the user would not find it.
local function known(id)
  local user, ended = unpack(redis.call('HMGET', row(id), 'user_id', 'ended_at'))
  if not user or not ended and redis.call('SISMEMBER', live(user), id) == 0 then
    return nil
  end
  return user, ended
end

-- The user of a session that goes on, or nil.
local function going_on(id)
  local user, ended = known(id)
  return not ended and user or nil
end

-- A session as it is now: the row, and when it was last used if that was written apart from it.
local function whole(id)
  return {redis.call('HGETALL', row(id)), redis.call('GET', used(id))}
end

local function finish(id, user, reason, now)
  redis.call('HSET', row(id), 'ended_at', now, 'end_reason', reason)
  redis.call('SREM', live(user), id)
end
