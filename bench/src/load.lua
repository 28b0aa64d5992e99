-- Sends the requests of a file in turn. Each line has method, path, token and body, separated by tabs.
-- Arguments: the file, and the number of requests after which to stop (0: none).
-- Prints one line of JSON at the end; times are in microseconds.
local requests, sent = {}, 0

function init(args)
    for line in io.lines(args[1]) do
        local method, path, token, body = line:match("^(.-)\t(.-)\t(.-)\t(.*)$")
        local headers = { ["Authorization"] = "Bearer " .. token }
        if body ~= "" then
            headers["Content-Type"] = "application/json"
        else
            body = nil
        end
        requests[#requests + 1] = wrk.format(method, path, headers, body)
    end
    local limit = tonumber(args[2])
    if limit > 0 then
        local ffi = require("ffi")
        ffi.cdef("int getpid(void); int kill(int, int);")
        -- wrk calls this before each request, and request() once before the start. The main thread
        -- sleeps until the end of the duration or until SIGINT, which it takes for a regular end.
        function delay()
            if sent > limit then
                wrk.thread:stop()
                ffi.C.kill(ffi.C.getpid(), 2)
            end
            return 0
        end
    end
end

function request()
    local next_request = requests[sent % #requests + 1]
    sent = sent + 1
    return next_request
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '{"requests":%d,"micros":%d,"bytes":%d,"failed":%d,"p50":%f,"p99":%f,"max":%f}\n',
        summary.requests, summary.duration, summary.bytes,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout,
        latency:percentile(50), latency:percentile(99), latency.max
    ))
end
