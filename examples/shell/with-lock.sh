#!/bin/sh
# Runs a command under a lock on a resource:
#
#   sh with-lock.sh jobs:42 sh backup.sh /srv

proxy=${REDLOCK_PROXY:-127.0.0.1:7379}

# ask sends a command that ends with a token. The token is a secret, for who knows
# it can release the lock, and -x keeps it off the command line, which ps shows.
#
# redis-cli waits for ever, and never sends a command twice. To wait with
# LOCK ... BLOCK ms (not in this version), give timeout more than ms.
ask() {
	printf %s "$token" | timeout 2 redis-cli -h "${proxy%:*}" -p "${proxy##*:}" -x "$@"
}

now() { date +%s%3N; } # milliseconds, by GNU date

# with_lock RESOURCE TTL COMMAND... runs the command while it holds the resource.
with_lock() ( # a shell of its own, so that the traps are its own
	resource=$1 ttl=$2
	shift 2
	token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
	sent=$(now)
	grant=$(ask LOCK "$resource" "$ttl" TOKEN) || say 1 'no answer from the proxy'
	case $grant in
	"$token"*) until=$((sent + ${grant#"$token"})) ;;
	'') say 75 'held by another, try again later' ;;
	NOQUORUM* | TOOLATE* | LEAVING* | LIMIT*) say 69 "$grant" ;;
	*) say 1 "$grant" ;;
	esac
	trap release EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	"$@"
)

# release ends with the command's own code when nothing went wrong with the lock.
release() {
	code=$?
	ended=$(now)
	released=$(ask UNLOCK "$resource")
	case $released in
	0) say 70 'the lock was lost before the command had ended' ;;
	1) ;;
	*) echo "$resource is not released and ends with its ttl: $released" >&2 ;;
	esac
	[ "$ended" -lt "$until" ] || say 70 'the lock was lost before the command had ended'
	exit "$code"
}

say() { # code, words
	echo "$resource: $2" >&2
	exit "$1"
}

if [ $# -lt 2 ]; then
	echo "usage: with-lock.sh RESOURCE COMMAND..." >&2
	exit 64
fi
resource=$1
shift
with_lock "$resource" 5000 "$@"
