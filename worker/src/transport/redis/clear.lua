-- Drops all hints that wait, and the marker, so that everything is handed over again.
-- KEYS: hints that wait for their second, hints that wait, the data of all hints, the marker. ARGV: what the keys of notes
-- about hints begin with.
local function forget(ids)
    for _, id in ipairs(ids) do
        redis.call('HDEL', KEYS[3], id)
        redis.call('DEL', ARGV[1] .. ':' .. id)
    end
end
forget(redis.call('ZRANGE', KEYS[1], 0, -1))
forget(redis.call('LRANGE', KEYS[2], 0, -1))
redis.call('DEL', KEYS[1], KEYS[2], KEYS[4])
