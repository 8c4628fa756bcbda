-- Stores a value and gives the lock back, while the lock is the caller's and the value is still the
-- one that was there when it was given: Python's `set` and `delete` write without a look at the lock.
--   KEYS  1 the value   2 the lock
--   ARGV  1 the lease's token, which is the value's stamp
--         2 the record
--         3 its time to live in milliseconds, or '' for ever
--         4 the channel on which those who wait listen
--         5 the value that was there, or '' where none was. A record of ours is named by its header,
--           which holds a stamp that never repeats; any other by all its bytes
-- Replies 1, or 0 where the lease was void; a lock that stands for a void lease is gone then.
-- Sent again because the reply was lost, it finds its own value and replies 1.
local function read(key)
  local found = redis.pcall('GET', key)
  return type(found) == 'string' and found or ''
end

local value, holder = read(KEYS[1]), read(KEYS[2])
if holder ~= ARGV[1] then
  if value == ARGV[2] then return 1 end
  if holder == '' then redis.pcall('PUBLISH', ARGV[4], 'changed') end
  return 0
end
local by_header = string.find(ARGV[5], '"st": "d09b11e0', 1, true)
local same = value == ARGV[5] or (by_header and string.sub(value, 1, #ARGV[5]) == ARGV[5])
if same then
  if ARGV[3] == '' then
    redis.call('SET', KEYS[1], ARGV[2])
  else
    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  end
end
redis.call('DEL', KEYS[2])
redis.pcall('PUBLISH', ARGV[4], 'changed')
return same and 1 or 0
