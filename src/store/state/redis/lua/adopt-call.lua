-- Gives a live call to another owner.
-- Guarantee: of several processes that ask for the same call at once, exactly one gets it.
-- KEYS: 1 owners. ARGV: 1 id, 2 owner expected, 3 new owner. Returns 1 = moved, 0 = gone or somebody was first.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
