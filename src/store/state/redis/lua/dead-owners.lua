-- Lists owners of live calls whose heartbeat ran out or never came.
-- Guarantee: one moment, one clock (this server's).
-- KEYS: 1 owners (hash id -> owner), 2 heartbeats. ARGV: none. Returns a list of owners, each once.
local now = redis.call('TIME')
local nowMs = now[1] * 1000 + math.floor(now[2] / 1000)
local seen, dead = {}, {}
for _, owner in ipairs(redis.call('HVALS', KEYS[1])) do
  if not seen[owner] then
    seen[owner] = true
    local untilMs = tonumber(redis.call('HGET', KEYS[2], owner) or '0')
    if untilMs <= nowMs then
      dead[#dead + 1] = owner
    end
  end
end
return dead
