-- Notes until when a process counts as living.
-- Guarantee: measured by this server's clock, so that the clocks of the processes need not agree.
-- KEYS: 1 heartbeats (hash owner -> ms). ARGV: 1 owner, 2 ttl in ms. Returns 1.
local now = redis.call('TIME')
redis.call('HSET', KEYS[1], ARGV[1], string.format('%d', now[1] * 1000 + math.floor(now[2] / 1000) + ARGV[2]))
return 1
