-- Forgets a live call.
-- Guarantee: snapshot and owner go together; removing what is gone is no error.
-- KEYS: 1 snapshots, 2 owners. ARGV: 1 id. Returns the number of calls removed, 0 or 1.
redis.call('HDEL', KEYS[2], ARGV[1])
return redis.call('HDEL', KEYS[1], ARGV[1])
