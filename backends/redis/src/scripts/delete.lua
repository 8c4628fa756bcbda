-- Removes a value and voids the key's lease, whoever has it and whether or not there is a value.
--   KEYS  1 the value   2 the lease
--   ARGV  1 the channel on which those who wait listen
-- Replies how many of the two were there.
local gone = redis.call('DEL', KEYS[1], KEYS[2])
redis.pcall('PUBLISH', ARGV[1], 'changed')
return gone
