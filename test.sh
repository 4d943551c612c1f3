#!/bin/sh
# Installs what the tests need and runs them all. Needs Go, and on a bare
# Debian or Ubuntu nothing else: run it as root, or with sudo at hand.
set -eu
cd "$(dirname "$0")"

# Programs by their names, libraries by the names of their packages.
missing=""
program() { # command, package
	command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
package() {
	for p in "$@"; do
		[ -d "/usr/share/doc/$p" ] || missing="$missing $p"
	done
}
program redis-server redis-server
program redis-cli redis-tools
program prometheus-redis-exporter prometheus-redis-exporter
program chromium chromium
program node nodejs
program npm npm
program make make
program gcc gcc # the race detector needs it too
program g++ g++
# The clients of the matrix in clients/ and of examples/.
package libc6-dev python3-redis ruby-redis ruby-hiredis php-cli php-redis php-predis
package libredis-perl libredis-fast-perl libanyevent-redis-perl libhiredis-dev libpoco-dev
package lua5.1 lua-redis erlang-base erlang-redis-client
if [ -n "$missing" ]; then
	sudo=""
	[ "$(id -u)" = 0 ] || sudo=sudo
	echo "installing:$missing"
	$sudo apt-get update -qq
	DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi
for folder in bench/interop clients/drivers/node examples/node; do
	(cd "$folder" && npm install --no-audit --no-fund --loglevel=error)
done

# From here on something that is missing is a failure and not a test skipped.
export CI=true
export CGO_ENABLED=1

make check
# Not from Go's cache: it sees neither drivers nor examples nor README change.
# Many of them wait for a ttl: more at once than there are cores.
go test -race -count=1 -parallel 4 -timeout 12m ./...
(cd bench && go test -race -count=1 -timeout 5m ./...)
(cd clients && go test -race -count=1 -parallel 4 -timeout 10m ./...)
(cd proof && go test -race -count=1 -parallel 4 -timeout 10m ./...) # they mostly wait
FUZZTIME=30s make fuzz
echo "all tests passed"
