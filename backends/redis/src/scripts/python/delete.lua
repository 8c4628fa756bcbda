-- Removes a value and voids the lease of whichever of us has one, whether or not there is a value. A
-- lock of Python's stays: it raises where a lock is gone when it gives it back.
--   KEYS  1 the value   2 the lock
--   ARGV  1 the channel on which those who wait listen
-- Replies how many of the two were there and are gone.
local gone = redis.call('DEL', KEYS[1])
local holder = redis.pcall('GET', KEYS[2])
if type(holder) == 'string' and string.sub(holder, 1, 8) == 'd09b11e0' then
  gone = gone + redis.call('DEL', KEYS[2])
end
redis.pcall('PUBLISH', ARGV[1], 'changed')
return gone
