-- Ends a lease and stores nothing.
--   KEYS  1 the lease
--   ARGV  1 its token
--         2 'failed' where the creator failed, else 'changed'
--         3 the channel on which those who wait listen
-- Replies 1, or 0 where the lease was void. A failure is told before the key is gone: who watches the
-- key itself hears of both, in this order.
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.pcall('PUBLISH', ARGV[3], ARGV[2])
redis.call('DEL', KEYS[1])
return 1
