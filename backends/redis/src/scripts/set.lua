-- Stores a value and voids the key's lease, whoever has it.
--   KEYS  1 the value   2 the lease
--   ARGV  1 the record   2 its time to live in milliseconds, or '' for ever
--         3 the channel on which those who wait listen
-- Replies 1.
redis.call('DEL', KEYS[2])
if ARGV[2] == '' then
  redis.call('SET', KEYS[1], ARGV[1])
else
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
redis.call('PUBLISH', ARGV[3], 'changed')
return 1
