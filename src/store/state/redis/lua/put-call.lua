-- Stores a live call and its owner together.
-- Guarantee: no reader sees the one without the other.
-- KEYS: 1 snapshots (hash id -> JSON), 2 owners (hash id -> owner). ARGV: 1 id, 2 owner, 3 JSON. Returns 1.
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
return 1
