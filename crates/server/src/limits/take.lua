-- Counts one request of a key (GCRA). The key holds the instant at which its whole allowance is back, in microseconds.
-- ARGV: the microseconds after which one request is given back, and how many there are at once.
-- Answers the microseconds to wait, or 0, and how many requests are left.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = tonumber(redis.call('GET', KEYS[1]) or now)
if full < now then full = now end
-- Intervals are not whole: less than a microsecond is nothing.
local wait = full - now - (most - 1) * interval
if wait > 1 then return { math.ceil(wait), 0 } end
full = full + interval
redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', math.max(1, math.ceil((full - now) / 1000)))
return { 0, math.min(most - 1, math.floor(most - (full - now - 1) / interval)) }
