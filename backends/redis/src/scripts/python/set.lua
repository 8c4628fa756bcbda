-- Stores a value and voids the lease of whichever of us has one. A lock of Python's stays: it raises
-- where a lock is gone when it gives it back.
--   KEYS  1 the value   2 the lock
--   ARGV  1 the record   2 its time to live in milliseconds, or '' for ever
--         3 the channel on which those who wait listen
-- Replies OK, or why the value was not stored. Our lease is void either way. The value comes first: a
-- server that is full refuses only the first write of a script.
local stored
if ARGV[2] == '' then
  stored = redis.pcall('SET', KEYS[1], ARGV[1])
else
  stored = redis.pcall('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
local holder = redis.pcall('GET', KEYS[2])
if type(holder) == 'string' and string.sub(holder, 1, 8) == 'd09b11e0' then
  redis.call('DEL', KEYS[2])
end
redis.pcall('PUBLISH', ARGV[3], 'changed')
return stored
