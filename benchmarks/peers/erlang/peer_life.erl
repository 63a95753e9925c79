%% Processes that are started, asked once each and stopped again: the counterpart of spawn, and of memory for each idle actor.
-module(peer_life).
-export([main/1, idle/1]).

%% main(["spawn" | "bare" | "memory", Warmup, Count, Chunk])
main([Mode | Numbers]) ->
    [Warmup, Count, Chunk] = [list_to_integer(Text) || Text <- Numbers],
    Measure = list_to_atom(Mode),
    _ = measure(Measure, Warmup, Chunk),
    peer_report:facts(measure(Measure, Count, Chunk) ++ peer_report:versions()),
    halt(0).

%% All of them live at once. Each is monitored, as whoever must know of its end would do.
measure(spawn, Count, Chunk) ->
    StartNs = now_ns(),
    Pids = start(Count, Chunk),
    SpawnedNs = now_ns(),
    Checksum = ask(Pids, Chunk),
    AskedNs = now_ns(),
    ok = stop(Pids, Chunk),
    StoppedNs = now_ns(),
    [
        {spawn_ns, SpawnedNs - StartNs},
        {ask_ns, AskedNs - SpawnedNs},
        {stop_ns, StoppedNs - AskedNs},
        {count, length(Pids)},
        {checksum, Checksum}
    ];
%% The least that Erlang can do: processes that say one thing and end by themselves, a chunk at a time.
measure(bare, Count, Chunk) ->
    StartNs = now_ns(),
    Checksum = bare(0, Count, Chunk, 0),
    [{elapsed_ns, now_ns() - StartNs}, {count, Count}, {checksum, Checksum}];
measure(memory, Count, Chunk) ->
    Pids = start(Count, Chunk),
    Checksum = ask(Pids, Chunk),
    AwakeBytes = memory(Pids),
    [Pid ! hibernate || Pid <- Pids],
    [hibernated(Pid) || Pid <- Pids],
    HibernatedBytes = memory(Pids),
    ok = stop(Pids, Chunk),
    [{process_bytes, AwakeBytes}, {hibernated_bytes, HibernatedBytes}, {count, length(Pids)}, {checksum, Checksum}].

start(Count, Chunk) ->
    lists:append([
        begin
            Pids = [element(1, spawn_monitor(fun() -> idle(Id) end)) || Id <- Ids],
            %% Processes start in order: when the last one answers, the chunk is up.
            Last = lists:last(Pids),
            Last ! {ask, self()},
            receive {id, _} -> Pids end
        end
     || Ids <- chunks(Count, Chunk)
    ]).

idle(Id) ->
    receive
        {ask, From} ->
            From ! {id, Id},
            idle(Id);
        hibernate ->
            erlang:hibernate(?MODULE, idle, [Id]);
        stop ->
            ok
    end.

ask(Pids, Chunk) ->
    in_chunks(fun(Some) -> [Pid ! {ask, self()} || Pid <- Some] end, fun() -> receive {id, Id} -> Id end end, Pids, Chunk, 0).

stop(Pids, Chunk) ->
    End = fun() -> receive {'DOWN', _, process, _, normal} -> 0 end end,
    0 = in_chunks(fun(Some) -> [Pid ! stop || Pid <- Some] end, End, Pids, Chunk, 0),
    ok.

%% Sends to a chunk, then takes as many answers, and so on; the sum of the answers.
in_chunks(_Send, _Take, [], _Chunk, Sum) ->
    Sum;
in_chunks(Send, Take, Pids, Chunk, Sum) ->
    {Some, Rest} = lists:split(min(Chunk, length(Pids)), Pids),
    _ = Send(Some),
    in_chunks(Send, Take, Rest, Chunk, lists:foldl(fun(_, Total) -> Total + Take() end, Sum, Some)).

bare(Count, Count, _Chunk, Sum) ->
    Sum;
bare(From, Count, Chunk, Sum) ->
    Self = self(),
    Until = min(Count, From + Chunk),
    Ids = lists:seq(From, Until - 1),
    [spawn(fun() -> Self ! {id, Id} end) || Id <- Ids],
    bare(Until, Count, Chunk, lists:foldl(fun(_, Total) -> receive {id, Id} -> Total + Id end end, Sum, Ids)).

chunks(Count, Chunk) ->
    [lists:seq(From, min(Count, From + Chunk) - 1) || From <- lists:seq(0, Count - 1, Chunk)].

%% It has had the message; it needs only to be run.
hibernated(Pid) ->
    case erlang:process_info(Pid, current_function) of
        {current_function, {erlang, hibernate, 3}} -> ok;
        {current_function, _} -> erlang:yield(), hibernated(Pid)
    end.

memory(Pids) ->
    Bytes = lists:sum([element(2, erlang:process_info(Pid, memory)) || Pid <- Pids]),
    round(Bytes / length(Pids)).

now_ns() ->
    erlang:monotonic_time(nanosecond).
