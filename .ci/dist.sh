#!/bin/sh
# Builds what is given away: a static binary for each platform, named after the
# version that it says of itself, and their checksums. From the same commit and
# with the same Go the sums are the same on every machine.
#   PLATFORMS  os/arch with spaces between
#   DIST       the folder, emptied of earlier binaries
set -eu
cd "$(dirname "$0")/.."
platforms=${PLATFORMS:-linux/amd64 linux/arm64 darwin/amd64 darwin/arm64}
dist=${DIST:-dist}

release=$(sed -n 's/^const release = "\(.*\)"$/\1/p' cmd/redlock-proxy/version.go)
stamp() { # file, key: what Go wrote into it of the checkout; nothing in a git worktree
	go version -m "$1" | sed -n "s/.*vcs\.$2=//p"
}

mkdir -p "$dist"
rm -f "$dist"/redlock-proxy-* "$dist"/SHA256SUMS
for platform in $platforms; do
	CGO_ENABLED=0 GOOS=${platform%/*} GOARCH=${platform#*/} GOFLAGS= \
		go build -buildvcs=auto -trimpath -ldflags='-s -w' -o "$dist/building" ./cmd/redlock-proxy
	# As cmd/redlock-proxy/version.go does it.
	version=$release
	commit=$(stamp "$dist/building" revision | cut -c1-12)
	[ -z "$commit" ] || version=$version+$commit
	[ "$(stamp "$dist/building" modified)" != true ] || version=$version.dirty
	name=redlock-proxy-$version-$(echo "$platform" | tr / -)
	mv "$dist/building" "$dist/$name"
	echo "$dist/$name"
done
cd "$dist"
if command -v sha256sum >/dev/null; then sha256sum redlock-proxy-* >SHA256SUMS; else shasum -a 256 redlock-proxy-* >SHA256SUMS; fi
