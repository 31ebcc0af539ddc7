-- Adds what a call used to its holder's local day.
-- Guarantee: minutes and pence move together; a day is forgotten three days after its last call.
-- KEYS: 1 usage of one holder on one day (hash). ARGV: 1 ms, 2 pence. Returns 1.
redis.call('HINCRBY', KEYS[1], 'ms', ARGV[1])
redis.call('HINCRBYFLOAT', KEYS[1], 'pence', ARGV[2])
redis.call('EXPIRE', KEYS[1], 259200)
return 1
