-- Forgets some hints that were worked.
-- KEYS: their ids, the data of all hints. ARGV: what the keys of notes about hints begin with, how many at most.
local ids = redis.call('SPOP', KEYS[1], ARGV[2])
for _, id in ipairs(ids) do
    redis.call('HDEL', KEYS[2], id)
    redis.call('DEL', ARGV[1] .. ':' .. id)
end
return #ids
