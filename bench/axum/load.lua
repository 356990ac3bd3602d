-- The client's side of a measurement: `wrk -s load.lua URL -- KIND TOKEN`. Ids are those of the rows in `rows/`.
local requests, position = {}, 0

local paths = {
  point = function(n) return string.format("/v1/books/978%010d", n) end,
  list = function(n)
    local categories = { "fiction", "crime", "history", "computing" }
    return "/v1/books?category_slug=" .. categories[n % 4 + 1] .. "&sort=-published_on&limit=20"
  end,
  nested = function() return "/v1/orders?expand=customer&limit=20" end,
  signed = function(n) return string.format("/v1/orders/f0000000-0000-7000-8000-%012x", (n % 200 + 1) * 100) end,
  articles = function(n) return "/api/articles?limit=20&offset=" .. (n % 10) * 20 end,
  insert = function() return "/v1/orders" end,
}

local function order(n)
  local line = '{"book_isbn":"978%010d","quantity":%d}'
  local lines = {}
  for k = 1, 3 do
    lines[k] = string.format(line, (n + k * 7) % 20000 + 1, (n + k) % 5 + 1)
  end
  return '{"deliver_to":"12 Station Road, Ghent","lines":[' .. table.concat(lines, ",") .. "]}"
end

function init(arguments)
  local kind, token = arguments[1], arguments[2]
  local headers = { Host = "localhost", Accept = "application/json" }
  if token then headers.Authorization = "Bearer " .. token end
  if kind == "insert" then headers["Content-Type"] = "application/json" end
  math.randomseed(7)
  for index = 1, 2000 do
    local n = math.random(1, 20000)
    local body = kind == "insert" and order(n) or nil
    requests[index] = wrk.format(body and "POST" or "GET", paths[kind](n), headers, body)
  end
end

function request()
  position = position % #requests + 1
  return requests[position]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('{"requests":%d,"microseconds":%d,"p99":%d,"errors":%d}\n',
    summary.requests, summary.duration, latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
