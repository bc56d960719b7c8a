-- Gives a login attempt its places at its address and account, before its password is looked at.
-- KEYS: address attempts, address lock, account attempts, account lock
-- ARGV: attempt id, failures that lock, window in ms, when to come back while attempts under way fill a limit, ms
-- An attempts key is a sorted set of moments (this server's clock): `p<id>` is undecided, `f<id>` failed.
-- Returns {verdict, milliseconds to wait}; verdicts as in services/auth/domain/lockout.py.
local GRANTED, ACCOUNT_LOCKED, REFUSED = 0, 1, 2
local id, max_failures, window = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function is_full(attempts)
    redis.call('ZREMRANGEBYSCORE', attempts, '-inf', now - window)
    return redis.call('ZCARD', attempts) >= max_failures and not redis.call('ZSCORE', attempts, 'p' .. id)
end

local function occupy(attempts)
    redis.call('ZADD', attempts, now, 'p' .. id)
    redis.call('PEXPIRE', attempts, window)
end

local locked_for = redis.call('PTTL', KEYS[2])
if locked_for > 0 then return {REFUSED, locked_for} end
if is_full(KEYS[1]) then return {REFUSED, tonumber(ARGV[4])} end

locked_for = redis.call('PTTL', KEYS[4])
if locked_for > 0 then
    occupy(KEYS[1])
    return {ACCOUNT_LOCKED, locked_for}
end
if is_full(KEYS[3]) then return {REFUSED, tonumber(ARGV[4])} end

occupy(KEYS[1])
occupy(KEYS[3])
return {GRANTED, 0}
