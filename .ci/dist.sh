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

# What cmd/redlock-proxy/version.go makes of Go's build information.
version=$(sed -n 's/^const release = "\(.*\)"$/\1/p' cmd/redlock-proxy/version.go)
commit=$(git rev-parse --short=12 HEAD 2>/dev/null || true)
if [ -n "$commit" ]; then
	version=$version+$commit
	[ -z "$(git status --porcelain)" ] || version=$version.dirty
fi

mkdir -p "$dist"
rm -f "$dist"/redlock-proxy-* "$dist"/SHA256SUMS
for platform in $platforms; do
	name=redlock-proxy-$version-$(echo "$platform" | tr / -)
	CGO_ENABLED=0 GOOS=${platform%/*} GOARCH=${platform#*/} GOFLAGS= \
		go build -trimpath -ldflags='-s -w' -o "$dist/$name" ./cmd/redlock-proxy
	echo "$dist/$name"
done
cd "$dist"
if command -v sha256sum >/dev/null; then sha256sum redlock-proxy-* >SHA256SUMS; else shasum -a 256 redlock-proxy-* >SHA256SUMS; fi
