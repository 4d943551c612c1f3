# AnyEvent::Redis, one connection with a condition variable for each reply. It
# connects again when the next command is sent.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use AnyEvent::Redis;
use Protocol;

package Client;

sub new {
    my ($class, $host, $port) = @_;
    my $self = bless {}, $class;
    $self->{redis} = AnyEvent::Redis->new(
        host     => $host,
        port     => $port,
        on_error => sub { $self->{lost} = $_[0] },
    );
    $self->{redis}->ping->recv;
    return $self;
}

sub call {
    my ($self, @command) = @_;
    return $self->received($self->sent(@command));
}

sub pipeline {
    my ($self, @commands) = @_;
    my @sent = map { $self->sent(@$_) } @commands;
    return [map { $self->received($_) } @sent];
}

sub callers {
    my ($self, $count, @command) = @_;
    my @sent = map { $self->sent(@command) } 1 .. $count;
    return [map { my $caller = $_; Protocol::attempt(sub { $self->received($caller) }) } @sent];
}

sub sent {
    my ($self, $name, @arguments) = @_;
    delete $self->{lost};
    return $self->{redis}->$name(@arguments);
}

sub received {
    my ($self, $sent) = @_;
    # When it can not connect, it tells that to the first in line only.
    die $self->{lost} if defined $self->{lost} && !$sent->ready;
    my $reply;
    return $reply if eval { $reply = $sent->recv; 1 };
    die $@ if defined $self->{lost};
    (my $message = $@) =~ s/ at \S+ line \d+\.?\n\z//;
    return Protocol::refused($message);
}

package main;

my ($host, $port) = @ARGV;
Protocol::serve(Client->new($host, $port), 'AnyEvent::Redis', AnyEvent::Redis->VERSION);
