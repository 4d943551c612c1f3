#!/usr/bin/env escript
%% eredis, one connection that all processes share and that reconnects.
%% The lines between it and the test are those of doc.go.
-mode(compile).

main(Arguments) ->
    %% eredis logs that it reconnects, by default on stdout.
    ok = logger:remove_handler(default),
    ok = logger:add_handler(default, logger_std_h, #{config => #{type => standard_error}}),
    [Host, Port] = lists:nthtail(length(Arguments) - 2, Arguments),
    {ok, Client} = eredis:start_link(Host, list_to_integer(Port)),
    ok = io:setopts([binary, {encoding, latin1}]),
    _ = application:load(eredis),
    {ok, Version} = application:get_key(eredis, vsn),
    io:format("ready\tErlang\teredis\t~s\tundefined~n", [Version]),
    serve(Client).

serve(Client) ->
    case io:get_line("") of
        eof -> ok;
        Line ->
            Words = binary:split(Line, [<<" ">>, <<"\n">>], [global, trim_all]),
            io:format("~s~n", [answer(Client, Words)]),
            serve(Client)
    end.

answer(Client, [<<"call">> | Words]) ->
    call(Client, command(Words));
answer(Client, [<<"callers">>, Count | Words]) ->
    callers(Client, binary_to_integer(Count), command(Words));
answer(Client, [<<"pipeline">> | Words]) ->
    case eredis:qp(Client, commands(Words)) of
        {error, Reason} -> failed(Reason);
        Replies -> array([written(Reply) || Reply <- Replies])
    end.

call(Client, Command) ->
    try written(eredis:q(Client, Command))
    catch exit:Reason -> failed(Reason)
    end.

callers(Client, Count, Command) ->
    Self = self(),
    Caller = fun() ->
        receive go -> Self ! {self(), call(Client, Command)} end
    end,
    All = [spawn(Caller) || _ <- lists:seq(1, Count)],
    [Pid ! go || Pid <- All],
    array([receive {Pid, Reply} -> Reply end || Pid <- All]).

command(Words) ->
    [bytes(Word) || Word <- Words].

commands(Words) ->
    case lists:splitwith(fun(Word) -> Word =/= <<";">> end, Words) of
        {Last, []} -> [command(Last)];
        {First, [_ | Rest]} -> [command(First) | commands(Rest)]
    end.

bytes(<<"-">>) -> <<>>;
bytes(Hex) -> << <<(binary_to_integer(Byte, 16))>> || <<Byte:2/binary>> <= Hex >>.

hex(Text) ->
    [io_lib:format("~2.16.0b", [Byte]) || <<Byte>> <= iolist_to_binary(Text)].

array(Replies) ->
    ["a(", lists:join(" ", Replies), ")"].

failed(Reason) ->
    ["x", hex(io_lib:format("~w", [Reason]))].

%% An integer reply is a binary for its user.
written({ok, Reply}) -> written(Reply);
written({error, Message}) when is_binary(Message) -> ["e", hex(Message)];
written({error, Reason}) -> failed(Reason);
written(undefined) -> "n";
written(Reply) when is_binary(Reply) -> ["s", hex(Reply)];
written(Replies) -> array([written(Reply) || Reply <- Replies]).
