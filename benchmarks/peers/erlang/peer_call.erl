%% gen_server:call in a closed loop: the counterpart of ask.
-module(peer_call).
-behaviour(gen_server).
-export([main/1, init/1, handle_call/3, handle_cast/2]).

%% main(["each" | "together", "5000" | "infinity", "true" | "false", ClientScheduler, ServerScheduler, Warmup, Calls])
%%
%% Each call is timed, or all of them together. 5000 is the time limit that gen_server:call has by default. The last option keeps the
%% schedulers awake, by a process on each that has nothing to do.
main([Timed, Limit, Busy | Numbers]) ->
    [ClientScheduler, ServerScheduler, Warmup, Calls] = [list_to_integer(Text) || Text <- Numbers],
    {ok, Server} = gen_server:start_link(?MODULE, [], [{spawn_opt, [{scheduler, ServerScheduler}]}]),
    Timeout = timeout(Limit),
    Calling = calling(list_to_atom(Timed)),
    Busy =:= "true" andalso
        [spawn_opt(fun spin/0, [{scheduler, Each}, {priority, low}]) || Each <- [ClientScheduler, ServerScheduler]],
    Main = self(),
    spawn_opt(
        fun() ->
            _ = Calling(Server, Timeout, Warmup),
            Warmup = gen_server:call(Server, count),
            Facts = Calling(Server, Timeout, Calls),
            Main ! {client, [{count, gen_server:call(Server, count)} | Facts]}
        end,
        [link, {scheduler, ClientScheduler}]
    ),
    receive {client, Facts} -> peer_report:facts(Facts ++ peer_report:versions()) end,
    halt(0).

timeout("infinity") -> infinity;
timeout(Limit) -> list_to_integer(Limit).

calling(each) ->
    fun(Server, Timeout, Count) ->
        {Checksum, Latencies} = each(Server, Timeout, 0, Count, 0, []),
        [{checksum, Checksum}, {latencies_ns, {list, Latencies}}]
    end;
calling(together) ->
    fun(Server, Timeout, Count) ->
        StartNs = erlang:monotonic_time(nanosecond),
        Checksum = together(Server, Timeout, 0, Count, 0),
        [{elapsed_ns, erlang:monotonic_time(nanosecond) - StartNs}, {checksum, Checksum}]
    end.

each(_Server, _Timeout, Count, Count, Sum, Latencies) ->
    {Sum, Latencies};
each(Server, Timeout, Id, Count, Sum, Latencies) ->
    AskedNs = erlang:monotonic_time(nanosecond),
    {answer, AnswerId, Value} = gen_server:call(Server, {get, Id, Id band 1023}, Timeout),
    LatencyNs = erlang:monotonic_time(nanosecond) - AskedNs,
    each(Server, Timeout, Id + 1, Count, Sum + AnswerId + Value, [LatencyNs | Latencies]).

together(_Server, _Timeout, Count, Count, Sum) ->
    Sum;
together(Server, Timeout, Id, Count, Sum) ->
    {answer, AnswerId, Value} = gen_server:call(Server, {get, Id, Id band 1023}, Timeout),
    together(Server, Timeout, Id + 1, Count, Sum + AnswerId + Value).

spin() ->
    erlang:yield(),
    spin().

init([]) ->
    {ok, 0}.

handle_call({get, Id, Value}, _From, Count) ->
    {reply, {answer, Id, Value + 1}, Count + 1};
handle_call(count, _From, Count) ->
    {reply, Count, 0}.

handle_cast(_Request, Count) ->
    {noreply, Count}.
