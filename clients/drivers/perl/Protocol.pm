# The lines between a driver and the test, see doc.go.
package Protocol;
use strict;
use warnings;

# serve answers requests until there are no more. The client has call, pipeline
# and callers, which return what the library returns, or a Refused for an error
# reply; it dies when the library fails.
sub serve {
    my ($client, $name, $version) = @_;
    $| = 1;
    print join("\t", 'ready', 'Perl', $name, $version, 'undef'), "\n";
    while (defined(my $line = <STDIN>)) {
        my ($kind, @words) = split ' ', $line;
        print attempt(sub { answer($client, $kind, @words) })->{text}, "\n";
    }
    return;
}

sub answer {
    my ($client, $kind, @words) = @_;
    return $client->call(command(@words)) if $kind eq 'call';
    if ($kind eq 'callers') {
        my $count = shift @words;
        return $client->callers($count, command(@words));
    }
    my @commands = map { [command(split)] } split /;/, join ' ', @words;
    return $client->pipeline(@commands);
}

sub command {
    return map { $_ eq '-' ? '' : pack 'H*', $_ } @_;
}

# attempt gives, as it is written, what the code returns or dies of.
sub attempt {
    my ($code) = @_;
    my $reply;
    return done(written($reply)) if eval { $reply = $code->(); 1 };
    return done('x' . unpack 'H*', "$@");
}

sub done {
    my ($text) = @_;
    return bless { text => $text }, 'Written';
}

# Perl does not tell numbers from strings, so they are all strings.
sub written {
    my ($reply) = @_;
    return 'n' unless defined $reply;
    return $reply->{text} if ref $reply eq 'Written';
    return 'e' . unpack 'H*', $reply->{message} if ref $reply eq 'Refused';
    return 'a(' . join(' ', map { written($_) } @$reply) . ')' if ref $reply;
    return 's' . unpack 'H*', $reply;
}

sub refused {
    my ($message) = @_;
    return bless { message => $message }, 'Refused';
}

# forked runs the code in that many processes. They go on together when the gate
# is closed, and each writes its answer to a pipe.
sub forked {
    my ($count, $connect, $run) = @_;
    pipe my $gate, my $shut or die "pipe: $!";
    my @answers;
    for (1 .. $count) {
        pipe my $mine, my $its or die "pipe: $!";
        defined(my $child = fork) or die "fork: $!";
        caller_process($gate, $shut, $its, $connect, $run) if $child == 0;
        push @answers, $mine;
    }
    close $shut;
    my @all = map { done(scalar readline $_) } @answers;
    1 while wait != -1;
    return \@all;
}

sub caller_process {
    my ($gate, $shut, $answers, $connect, $run) = @_;
    close $shut;
    syswrite $answers, attempt(sub {
        my $caller = $connect->();
        readline $gate;
        return $run->($caller);
    })->{text};
    kill 'KILL', $$; # The parent's client is not ours to end.
    return;
}

1;
