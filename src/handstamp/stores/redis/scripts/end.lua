-- Gives the session, or nothing where this call did not end it. The user is left out where any will do.
local id, reason, now, user = unpack(ARGV)
local owner = going_on(id)
if not owner or user and user ~= owner then
  return false
end
finish(id, owner, reason, now)
return whole(id)
