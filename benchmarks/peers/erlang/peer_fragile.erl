%% The child that peer_restart crashes.
-module(peer_fragile).
-behaviour(gen_server).
-export([start_link/1, init/1, handle_call/3, handle_cast/2]).

start_link(Main) ->
    gen_server:start_link(?MODULE, Main, []).

init(Main) ->
    Main ! {started, self()},
    {ok, no_state}.

handle_cast({crash, Main}, _State) ->
    Main ! {crashing, erlang:monotonic_time(nanosecond)},
    error(crashed_on_purpose);
handle_cast({probe, Main}, State) ->
    Main ! {handled, erlang:monotonic_time(nanosecond)},
    {noreply, State}.

handle_call(_Request, _From, State) ->
    {reply, unexpected, State}.
