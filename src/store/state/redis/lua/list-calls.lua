-- Reads all live calls with their owners at one moment.
-- Guarantee: the two lists fit each other.
-- KEYS: 1 snapshots, 2 owners. ARGV: none. Returns { {id, JSON, id, JSON, …}, {id, owner, …} }.
return { redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2]) }
