-- Moves a snapshot that cannot be read out of the way.
-- Guarantee: it is kept (field id of the unreadable hash) and never listed again; a newer text is left alone.
-- KEYS: 1 snapshots, 2 owners, 3 unreadable. ARGV: 1 id, 2 the text that was read. Returns 1 = moved, 0 = changed since.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[3], ARGV[1], ARGV[2])
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
return 1
