#!/bin/sh
# Installs what the tests need and runs them all. Needs Go, and on a bare
# Debian or Ubuntu nothing else: run it as root, or with sudo at hand.
set -eu
cd "$(dirname "$0")"

missing=""
need() { # command, package
	command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
need redis-server redis-server
need redis-cli redis-tools
need node nodejs
need npm npm
need make make
need gcc gcc # the race detector
if [ -n "$missing" ]; then
	sudo=""
	[ "$(id -u)" = 0 ] || sudo=sudo
	echo "installing:$missing"
	$sudo apt-get update -qq
	DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing libc6-dev >/dev/null
fi
(cd bench/interop && npm install --no-audit --no-fund --loglevel=error)

# From here on something that is missing is a failure and not a test skipped.
export CI=true
export CGO_ENABLED=1

make check
go test -race -timeout 10m ./...
(cd bench && go test -race -timeout 5m ./...)
FUZZTIME=30s make fuzz
echo "all tests passed"
