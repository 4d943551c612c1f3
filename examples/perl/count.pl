# Counts the number in FILE up by one, under a lock on RESOURCE:
#
#   perl count.pl jobs:42 /tmp/counter

use v5.36;
use Redis;
use Time::HiRes qw(clock_gettime sleep CLOCK_MONOTONIC);

use constant {
    TTL  => 5000, # ms; longer than the task ever takes, for nothing extends the lock
    HELD => "held by another, try again later\n",
    LOST => "the lock was lost before the task had ended\n",
};

sub now () { 1000 * clock_gettime(CLOCK_MONOTONIC) }

# A secret: who knows it can release the lock.
sub new_token () {
    open my $random, '<:raw', '/dev/urandom' or die "/dev/urandom: $!\n";
    read($random, my $bytes, 16) == 16 or die "/dev/urandom: $!\n";
    return unpack 'H*', $bytes;
}

# with_lock runs the task while it holds the resource.
sub with_lock ($proxy, $resource, $ttl, $task) {
    my $token = new_token();
    my $sent  = now();
    my (undef, $validity) = $proxy->lock($resource, $ttl, TOKEN => $token);
    die HELD unless defined $validity;

    my $done     = eval { $task->(); 1 };
    my $error    = $@;
    my $late     = now() >= $sent + $validity;
    my $released = eval { $proxy->unlock($resource, $token) };
    warn "$resource is not released and ends with its ttl: $@" unless defined $released;
    die $error unless $done;
    die LOST if $late || !($released // 1);
}

sub count ($file) {
    open my $in, '<', $file or die "$file: $!\n";
    my $n = readline $in;
    close $in;
    $n =~ /^\d+$/a or die "$file is not a number\n";
    sleep 0.05; # the work
    open my $out, '>', $file or die "$file: $!\n";
    say $out $n + 1;
    close $out or die "$file: $!\n";
}

die "usage: count.pl RESOURCE FILE\n" unless @ARGV == 2;
my ($resource, $file) = @ARGV;
$SIG{INT} = $SIG{TERM} = sub { die "terminated\n" }; # so that the lock is released
$SIG{PIPE} = 'IGNORE'; # so that a lost connection is made anew
my $ok = eval {
    # By default Redis.pm waits for ever, and sends a command again only when it
    # could not be written. To wait with LOCK ... BLOCK ms (not in this version),
    # use another object with a read_timeout above ms.
    my $proxy = Redis->new(
        server    => $ENV{REDLOCK_PROXY} // '127.0.0.1:7379',
        reconnect => 1, cnx_timeout => 1, read_timeout => 1,
    );
    with_lock($proxy, $resource, TTL, sub { count($file) });
    1;
};
exit 0 if $ok;
warn "$resource: $@";
exit 75 if $@ eq HELD;
exit 70 if $@ eq LOST;
exit 69 if $@ =~ /^\[lock\] (NOQUORUM|TOOLATE|LEAVING|LIMIT) /;
exit 1;
