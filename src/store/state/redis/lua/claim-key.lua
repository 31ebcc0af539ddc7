-- Claims a key for a value, unless somebody holds it.
-- Guarantee: of several that ask at once, all are told the same value; it is forgotten when its time is over.
-- KEYS: 1 the key. ARGV: 1 value, 2 ms. Returns the value that holds the key.
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return ARGV[1]
end
return redis.call('GET', KEYS[1])
