%% What every Erlang peer program prints: one fact a line, a name and its value, read by src/cases/peers/peer-output.ts.
-module(peer_report).
-export([facts/1, versions/0]).

%% Values are integers, strings, or lists of integers; a list of latencies is in nanoseconds.
facts(Facts) ->
    io:put_chars([[atom_to_list(Name), $\s, text(Value), $\n] || {Name, Value} <- Facts]).

versions() ->
    [
        {otp, erlang:system_info(otp_release)},
        {erts, erlang:system_info(version)},
        {emulator, atom_to_list(erlang:system_info(emu_flavor))}
    ].

text(Value) when is_integer(Value) -> integer_to_list(Value);
text({list, Values}) -> lists:join($\s, [integer_to_list(Value) || Value <- Values]);
text(Value) -> Value.
