# Redis, and Redis::Fast, which has the same methods over hiredis. The first
# argument says which. Both have a callback for pipelines only, no threads, and
# by default no reconnecting.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Protocol;

package Client;

sub new {
    my ($class, $library, $server) = @_;
    my $self = bless { library => $library, server => $server }, $class;
    $self->connect;
    return $self;
}

sub connect {
    my ($self) = @_;
    return $self->{redis} = $self->{library}->new(server => $self->{server});
}

sub call {
    my ($self, $name, @arguments) = @_;
    my $reply;
    $self->attempt(sub { $reply = $self->{redis}->$name(@arguments) }) and return $reply;
    # Around the server's words it says which command that was, and where.
    die $@ unless $@ =~ /^\[\w+\] ([A-Z]+ .*?),  at \S+ line \d/s;
    return Protocol::refused($1);
}

sub pipeline {
    my ($self, @commands) = @_;
    my @replies;
    $self->attempt(sub {
        for my $i (0 .. $#commands) {
            my ($name, @arguments) = @{ $commands[$i] };
            $self->{redis}->$name(@arguments, sub {
                my ($reply, $error) = @_;
                $replies[$i] = defined $error ? Protocol::refused($error) : $reply;
            });
        }
        $self->{redis}->wait_all_responses;
    }) or die $@;
    return \@replies;
}

sub callers {
    my ($self, $count, @command) = @_;
    my $connect = sub { Client->new($self->{library}, $self->{server}) };
    return Protocol::forked($count, $connect, sub { shift->call(@command) });
}

# attempt connects before it runs the code, if the last failure ended the
# connection.
sub attempt {
    my ($self, $code) = @_;
    return eval {
        $self->connect unless $self->{redis};
        $code->();
        1;
    } || do {
        delete $self->{redis} unless $@ =~ /^\[\w+\] [A-Z]+ /;
        0;
    };
}

package main;

my ($library, $host, $port) = @ARGV;
eval "require $library; 1" or die $@;
Protocol::serve(Client->new($library, "$host:$port"), $library, $library->VERSION);
