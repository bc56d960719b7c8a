-- Counts a login attempt as failed wherever it has a place, and locks what has reached the limit.
-- KEYS: address attempts, address lock, account attempts, account lock
-- ARGV: attempt id, failures that lock, window in ms, lock in ms
local id, max_failures, window, lock = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function count_failures(attempts)
    local failures = 0
    for _, member in ipairs(redis.call('ZRANGEBYSCORE', attempts, '(' .. (now - window), '+inf')) do
        if string.sub(member, 1, 1) == 'f' then failures = failures + 1 end
    end
    return failures
end

for first = 1, 3, 2 do
    local attempts = KEYS[first]
    if redis.call('ZREM', attempts, 'p' .. id) == 1 then
        redis.call('ZADD', attempts, now, 'f' .. id)
        redis.call('PEXPIRE', attempts, window)
        if count_failures(attempts) >= max_failures then
            redis.call('SET', KEYS[first + 1], '1', 'PX', lock)
            redis.call('DEL', attempts)
        end
    end
end
return 1
