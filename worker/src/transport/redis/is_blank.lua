-- Whether everything has to be handed over again.
-- KEYS: the marker, what says that this process is about to do it. ARGV: how long it may take, in seconds.
if redis.call('EXISTS', KEYS[1]) == 1 then
    return 0
end
redis.call('SET', KEYS[2], 1, 'EX', ARGV[1])
return 1
