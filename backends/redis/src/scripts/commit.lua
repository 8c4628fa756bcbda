-- Stores a value and ends the lease, while the lease is current.
--   KEYS  1 the value   2 the lease
--   ARGV  1 the lease's token, which is the value's stamp
--         2 the record
--         3 its time to live in milliseconds, or '' for ever
--         4 the channel on which those who wait listen
-- Replies 1, or 0 where the lease was void. Where nobody holds it, those who wait are told to look.
-- Sent again because the reply was lost, it finds its own value and replies 1.
local holder = redis.pcall('GET', KEYS[2])
if holder ~= ARGV[1] then
  if redis.pcall('GET', KEYS[1]) == ARGV[2] then return 1 end
  if not holder then redis.pcall('PUBLISH', ARGV[4], 'changed') end
  return 0
end
if ARGV[3] == '' then
  redis.call('SET', KEYS[1], ARGV[2])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
redis.call('DEL', KEYS[2])
redis.pcall('PUBLISH', ARGV[4], 'changed')
return 1
