-- Ends a lease and stores nothing.
--   KEYS  1 the lease
--   ARGV  1 its token
--         2 'failed' where the creator failed, else 'changed'
--         3 the channel on which those who wait listen
-- Replies 1, or 0 where the lease was void.
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[3], ARGV[2])
return 1
