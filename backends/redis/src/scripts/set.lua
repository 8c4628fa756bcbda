-- Stores a value and voids the key's lease, whoever has it.
--   KEYS  1 the value   2 the lease
--   ARGV  1 the record   2 its time to live in milliseconds, or '' for ever
--         3 the channel on which those who wait listen
-- Replies OK, or why the value was not stored. The lease is void either way. The value comes first: a
-- server that is full refuses only the first write of a script.
local stored
if ARGV[2] == '' then
  stored = redis.pcall('SET', KEYS[1], ARGV[1])
else
  stored = redis.pcall('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
redis.call('DEL', KEYS[2])
redis.pcall('PUBLISH', ARGV[3], 'changed')
return stored
