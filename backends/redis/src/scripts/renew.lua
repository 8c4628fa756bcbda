-- Prolongs a lease while it is current.
--   KEYS  1 the lease
--   ARGV  1 its token   2 how long it lasts from now, in milliseconds
-- Replies 1, or 0 where the lease was void.
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
