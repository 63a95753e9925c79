%% One-way messages from one process to another: the counterpart of tell.
%%
%% Mailboxes have no bound, so the sink acknowledges every half window and the source keeps inside the window, as Erlang programs
%% that must not outrun their consumer do. The window is the fastest of those that were tried; see the README.
-module(peer_tell).
-export([main/1]).

%% main(["small" | "general", SourceScheduler, SinkScheduler, Warmup, Messages, Window, MinHeapWords])
main([Kind | Numbers]) ->
    [SourceScheduler, SinkScheduler, Warmup, Messages, Window, MinHeapWords] = [list_to_integer(Text) || Text <- Numbers],
    Options = fun(Scheduler) -> [link, {scheduler, Scheduler}, {min_heap_size, MinHeapWords}] end,
    Setting = {list_to_atom(Kind), Options(SourceScheduler), Options(SinkScheduler), Window div 2},
    _ = stream(Setting, Warmup),
    {ElapsedNs, Count, Checksum} = stream(Setting, Messages),
    peer_report:facts([{elapsed_ns, ElapsedNs}, {count, Count}, {checksum, Checksum} | peer_report:versions()]),
    halt(0).

%% From the first message sent to the last one handled.
stream({Kind, SourceOptions, SinkOptions, Half}, Count) ->
    Main = self(),
    Sink = spawn_opt(
        fun() ->
            Source = receive {source, Pid} -> Pid end,
            Checksum = sink(Kind, Source, 0, Count, Half, Half, 0),
            Main ! {sink, erlang:monotonic_time(nanosecond), Count, Checksum}
        end,
        SinkOptions
    ),
    spawn_opt(
        fun() ->
            Sink ! {source, self()},
            Main ! {source, erlang:monotonic_time(nanosecond)},
            source(Kind, Sink, 0, Count, 2 * Half, Half)
        end,
        SourceOptions
    ),
    StartNs = receive {source, At} -> At end,
    receive {sink, EndNs, Received, Checksum} -> {EndNs - StartNs, Received, Checksum} end.

source(_Kind, _Sink, Count, Count, _Room, _Half) ->
    ok;
source(Kind, Sink, Id, Count, 0, Half) ->
    receive ack -> source(Kind, Sink, Id, Count, Half, Half) end;
source(small, Sink, Id, Count, Room, Half) ->
    Sink ! {item, Id, Id band 1023},
    source(small, Sink, Id + 1, Count, Room - 1, Half);
source(general, Sink, Id, Count, Room, Half) ->
    Sink ! order(Id),
    source(general, Sink, Id + 1, Count, Room - 1, Half).

sink(_Kind, _Source, Count, Count, _Left, _Half, Sum) ->
    Sum;
sink(Kind, Source, Seen, Count, 0, Half, Sum) ->
    Source ! ack,
    sink(Kind, Source, Seen, Count, Half, Half, Sum);
sink(small, Source, Seen, Count, Left, Half, Sum) ->
    receive
        {item, Id, Value} -> sink(small, Source, Seen + 1, Count, Left - 1, Half, Sum + Id + Value + 4)
    end;
sink(general, Source, Seen, Count, Left, Half, Sum) ->
    receive
        {order, Id, {customer, Name, City}, Items} ->
            Fields = Id + 5 + byte_size(Name) + byte_size(City),
            sink(general, Source, Seen + 1, Count, Left - 1, Half, check_items(Items, Sum + Fields))
    end.

order(Id) ->
    Name = <<"customer ", (integer_to_binary(Id band 63))/binary>>,
    Items = [
        {item, <<"SKU-100">>, Id band 15},
        {item, <<"SKU-2000">>, (Id + 1) band 15},
        {item, <<"SKU-30000">>, (Id + 2) band 15}
    ],
    {order, Id, {customer, Name, city(Id band 3)}, Items}.

city(0) -> <<"Athens">>;
city(1) -> <<"Bruges">>;
city(2) -> <<"Cork">>;
city(3) -> <<"Delft">>.

check_items([], Sum) -> Sum;
check_items([{item, Sku, Quantity} | Items], Sum) -> check_items(Items, Sum + byte_size(Sku) + Quantity).
