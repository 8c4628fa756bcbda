-- Ends a lease whose creator failed, and gives it to nobody for a while.
--   KEYS  1 the lease
--   ARGV  1 its token
--         2 the token of a key that is shut
--         3 for how long, in milliseconds
--         4 the channel on which those who wait listen
-- Replies 1, or 0 where the lease was void. A failure is told before the key changes: who watches the
-- key itself hears of both, in this order.
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.pcall('PUBLISH', ARGV[4], 'failed')
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
