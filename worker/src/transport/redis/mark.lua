-- Everything has been handed over, unless Redis has lost its data meanwhile.
-- KEYS: the marker, what says that this process was about to do it. ARGV: the name of the process, for people.
if redis.call('DEL', KEYS[2]) == 1 then
    redis.call('SET', KEYS[1], ARGV[1])
end
