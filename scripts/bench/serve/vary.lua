-- Another request each time. After "--": the header Accept, then the path and query, in which {n} is a number
-- below the third value and {i} one that never comes twice.
local accept, template, count
local made = 0

function init(args)
    accept, template, count = args[1], args[2], tonumber(args[3])
    math.randomseed(os.time())
    made = math.random(1000000000)
end

function request()
    made = made + 1
    local path = template:gsub("{n}", made * 7919 % count):gsub("{i}", string.format("%d", made))
    return wrk.format("GET", path, { Accept = accept })
end
