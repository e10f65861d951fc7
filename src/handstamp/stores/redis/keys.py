"""The names of what is kept. All share one hash tag, so that a cluster has them in one slot and a verb is one script.

==================  ==========  ===================================================  ======
name                type        holds                                                on the feed
==================  ==========  ===================================================  ======
``session:ID``      hash        a session                                            yes
``live:USER``       set         the ids of the user's sessions that are not ended    yes
``heartbeat:MARK``  string      nothing                                              yes
``used:ID``         string      when the session was last used, once it was          no
``expiry``          sorted set  sessions and their users, by the end of the session  no
``challenges``      sorted set  used-up one-time things, by their end                no
``attempts``        sorted set  keys of buckets, by when the bucket is full again    no
``leases``          hash        names, with their holder and until when              no
==================  ==========  ===================================================  ======
"""

from typing import Final

ROOT: Final = "{handstamp}:"

SESSION: Final = f"{ROOT}session:"
LIVE: Final = f"{ROOT}live:"
HEARTBEAT: Final = f"{ROOT}heartbeat:"
CHALLENGES: Final = f"{ROOT}challenges"
ATTEMPTS: Final = f"{ROOT}attempts"

TOLD: Final = (SESSION, LIVE, HEARTBEAT)
"""What the feed follows: every key whose name begins so."""
