-- Raises an epoch of a region: to one more than the higher of both, or the server's time if later.
--   KEYS  1 the region's epochs, a hash of 'hard' and 'soft'
--   ARGV  1 'hard' or 'soft', or '' to raise neither
--         2 and 3: what 'hard' and 'soft' have to be at least
--         4 the channel on which the region's processes listen
-- Replies {hard, soft}. Numbers are doubles here, exact up to 2^53: in microseconds that is the year 2255.
local function epoch(name, least)
  local found = redis.pcall('HGET', KEYS[1], name)
  if type(found) == 'table' then redis.call('DEL', KEYS[1]) end
  found = type(found) == 'string' and tonumber(found) or 0
  return math.max(found, tonumber(least))
end

local hard, soft = epoch('hard', ARGV[2]), epoch('soft', ARGV[3])
local time = redis.call('TIME')
local raised = math.max(math.max(hard, soft) + 1, time[1] * 1000000 + time[2])
if ARGV[1] == 'hard' then hard = raised end
if ARGV[1] == 'soft' then soft = raised end
hard, soft = string.format('%.0f', hard), string.format('%.0f', soft)
redis.call('HSET', KEYS[1], 'hard', hard, 'soft', soft)
redis.pcall('PUBLISH', ARGV[4], 'changed')
return {hard, soft}
