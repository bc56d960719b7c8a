-- Takes one token if there is one. The key holds the moment, in microseconds of this server's clock, at which the bucket
-- will be full again; no key means full.
-- KEYS[1] bucket; ARGV[1] microseconds per token; ARGV[2] microseconds from empty to full; ARGV[3] expiry margin, ms
-- Returns {1 if a token was taken else 0, microseconds until the bucket is full}.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local token, drained, margin_ms = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

local full_in = tonumber(redis.call('GET', KEYS[1]) or now) - now
-- Capped above too: the clock may have been set back, or the limit lowered, and no bucket is emptier than empty.
full_in = math.min(math.max(full_in, 0), drained)
if full_in + token > drained then
    return {0, full_in}
end

full_in = full_in + token
redis.call('SET', KEYS[1], string.format('%.0f', now + full_in), 'PX', math.ceil(full_in / 1000) + margin_ms)
return {1, full_in}
