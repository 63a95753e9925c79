%% A supervisor restarts a gen_server that crashes: from the crash in one message to the handling of the next.
-module(peer_restart).
-behaviour(supervisor).
-export([main/1, init/1]).

%% A supervisor looks through its restarts of the last second at each restart, so after so many another one takes over: nobody's
%% program restarts thousands of times a second.
-define(RESTARTS_EACH, 10).

%% main([Warmup, Restarts])
main(Numbers) ->
    [Warmup, Restarts] = [list_to_integer(Text) || Text <- Numbers],
    %% Nobody reads crash reports here, and writing them would be most of the time.
    ok = logger:set_primary_config(level, none),
    _ = restarts(Warmup, []),
    Latencies = restarts(Restarts, []),
    Positive = length([Ns || Ns <- Latencies, Ns > 0]),
    peer_report:facts([
        {count, length(Latencies)}, {checksum, Positive}, {latencies_ns, {list, Latencies}} | peer_report:versions()
    ]),
    halt(0).

restarts(0, Latencies) ->
    Latencies;
restarts(Left, Latencies) ->
    Count = min(Left, ?RESTARTS_EACH),
    {ok, Supervisor} = supervisor:start_link(?MODULE, self()),
    Restarted = crash(started(), Count, Latencies),
    ok = gen_server:stop(Supervisor),
    restarts(Left - Count, Restarted).

crash(_Pid, 0, Latencies) ->
    Latencies;
crash(Pid, Left, Latencies) ->
    gen_server:cast(Pid, {crash, self()}),
    CrashedNs = receive {crashing, At} -> At end,
    %% A mailbox dies with its process, so the next message is sent as soon as the successor is known.
    Next = started(),
    gen_server:cast(Next, {probe, self()}),
    HandledNs = receive {handled, Then} -> Then end,
    true = Next =/= Pid,
    crash(Next, Left - 1, [HandledNs - CrashedNs | Latencies]).

started() ->
    receive {started, Pid} -> Pid end.

init(Main) ->
    Child = #{id => fragile, start => {peer_fragile, start_link, [Main]}},
    {ok, {#{strategy => one_for_one, intensity => ?RESTARTS_EACH, period => 1}, [Child]}}.
