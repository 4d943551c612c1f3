#!/bin/sh
# Imports run one way: cmd -> proxy, admin -> commands -> redlock. A package may
# know those to its right and nothing of those to its left or beside it; only
# redlock talks to nodes, only proxy knows redcon, and only admin Prometheus.
set -eu

bad=0
forbid() { # package, pattern of what it must not depend on
	found=$(go list -deps "$1" | grep -E "$2" || true)
	if [ -n "$found" ]; then
		echo "import rule: $1 must not depend on:" $found >&2
		bad=1
	fi
}

forbid ./redlock 'tidwall/redcon|alecthomas/kong|miniredis|prometheus/|^redlock-proxy/(admin|proxy|commands|cmd|internal)'
forbid ./commands 'tidwall/redcon|alecthomas/kong|miniredis|prometheus/|^redlock-proxy/(admin|proxy|cmd|internal/redistest)'
forbid ./proxy 'alecthomas/kong|miniredis|prometheus/|^redlock-proxy/(admin|cmd|internal/redistest)'
forbid ./admin 'tidwall/redcon|alecthomas/kong|miniredis|^redlock-proxy/(proxy|cmd|internal/redistest)'
forbid ./internal/acl 'tidwall/redcon|redis/go-redis|^redlock-proxy/(redlock|commands|proxy|cmd)'
forbid ./internal/holding 'tidwall/redcon|alecthomas/kong|^redlock-proxy/(redlock|commands|proxy|cmd|internal/redistest)'
forbid ./internal/family 'redis/go-redis|alecthomas/kong|^redlock-proxy/(redlock|commands|proxy|cmd|internal/redistest)'
forbid ./cmd/redlock-proxy '^redlock-proxy/internal/redistest'

for p in ./admin ./commands ./proxy; do
	found=$(go list -f '{{join .Imports "\n"}}' "$p" | grep -E 'redis/go-redis|go-multierror' || true)
	if [ -n "$found" ]; then
		echo "import rule: $p must not import" $found "itself" >&2
		bad=1
	fi
done
exit $bad
