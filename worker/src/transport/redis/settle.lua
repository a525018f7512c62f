-- Cleans up behind a worker that runs no more.
-- KEYS: all workers, hints that wait, the data of all hints, what the worker held, the note about it. ARGV: its name,
-- what the keys of notes about hints begin with.
local workers, waiting, data, held, note = unpack(KEYS)
local name, notes = ARGV[1], ARGV[2]

for _, id in ipairs(redis.call('SMEMBERS', held)) do
    redis.call('LPUSH', waiting, id)
end
redis.call('DEL', held, note)
redis.call('ZREM', workers, name)

-- A Redis that evicts keys leaves ids without their data. The first of them would end every worker that fetches it.
for _, id in ipairs(redis.call('LRANGE', waiting, 0, -1)) do
    if redis.call('HEXISTS', data, id) == 0 or redis.call('EXISTS', notes .. ':' .. id) == 0 then
        redis.call('LREM', waiting, 0, id)
        redis.call('HDEL', data, id)
    end
end
