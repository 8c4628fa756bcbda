-- Looks at a key and takes its lease, in one step.
--   KEYS  1 the value   2 the lease
--   ARGV  1 the token of the lease that is asked for
--         2 how long it lasts, in milliseconds
--         3 a token that the caller holds and takes over, or ''
--         4 a part of the header of a value that the caller saw and does not want, or ''
--         5 '1' to take the lease from whoever has it
--         6 the token of a key that is shut
-- Replies {'won', value}, {'lost', value, milliseconds left}, {'shut', value, milliseconds left},
--         {'seen', value} where another value is there than the caller saw: no lease is given.
-- What is empty, or of another type than a string, is no value and no lease.
local function read(key)
  local found = redis.pcall('GET', key)
  return type(found) == 'string' and found ~= '' and found
end

local value, holder = read(KEYS[1]), read(KEYS[2])
if ARGV[5] ~= '1' then
  if value then
    local bar = string.find(value, '|', 1, true) or #value
    if ARGV[4] == '' or not string.find(string.sub(value, 1, bar), ARGV[4], 1, true) then
      return {'seen', value}
    end
  end
  if holder and holder ~= ARGV[1] and holder ~= ARGV[3] then
    return {holder == ARGV[6] and 'shut' or 'lost', value, redis.call('PTTL', KEYS[2])}
  end
end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return {'won', value}
