-- Takes something out of a budget, or puts it back: the generic cell rate algorithm, as in budget.rs.
-- KEYS: until when it is spent. ARGV: 'take' or 'put_back', what one try takes, the window; in microseconds.
-- Answers how long to wait until there is enough, in microseconds; 0 if it was taken.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local cost, window = tonumber(ARGV[2]), tonumber(ARGV[3])
local spent = tonumber(redis.call('GET', KEYS[1]) or 0)
spent = math.min(math.max(spent, now), now + window)

local after = spent + cost
if ARGV[1] == 'put_back' then
    after = spent - cost
elseif after > now + window then
    return after - now - window
end
if after <= now then
    redis.call('DEL', KEYS[1])
else
    -- Written in whole: Lua would round it to 14 digits.
    redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000))
end
return 0
