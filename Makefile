# make test is the whole of CI; make check is what it checks before the tests.

STATICCHECK = go run honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: run test check dist fuzz simulate clients proof bench bench-short bench-goals contend overload soak

run: ## the proxy on its embedded nodes
	go run ./cmd/redlock-proxy

dist: ## a static binary for each of PLATFORMS, and SHA256SUMS, in DIST
	sh .ci/dist.sh

test: ## install what the tests need, check, and run them all
	sh test.sh

check: ## format, vet, lint, modules, imports
	@test -z "$$(gofmt -l .)" || { gofmt -l . ; echo 'gofmt: run gofmt -w .' ; exit 1 ; }
	go vet ./...
	CGO_ENABLED=0 GOOS=darwin go vet ./cmd/redlock-proxy
	cd bench && go vet ./...
	cd clients && go vet ./...
	cd proof && go vet ./...
	$(STATICCHECK) ./...
	cd bench && $(STATICCHECK) ./...
	cd clients && $(STATICCHECK) ./...
	cd proof && $(STATICCHECK) ./...
	go mod tidy -diff
	cd bench && go mod tidy -diff
	cd clients && go mod tidy -diff
	cd proof && go mod tidy -diff
	sh .ci/imports.sh

fuzz: ## the guard against random bytes, FUZZTIME=10m for longer
	go test -run '^$$' -fuzz FuzzFraming -fuzztime $${FUZZTIME:-30s} ./proxy

simulate: ## random schedules of the simulation, SCHEDULES=1000000 for hours
	go test -count=1 -v -timeout 0 -run 'TestSimulation$$' ./redlock -simulate.schedules=$${SCHEDULES:-100000}

clients: ## every client against the proxy, and README's table of them anew
	cd clients && go test -race . -update

proof: ## random runs of real processes through faults, RUN=1h for longer
	cd proof && go test -race -count=1 -v -timeout 0 -run 'TestHistories|TestCounter' . -proof.run=$${RUN:-5m}

bench: ## our proxy and library beside five others, with tables and pictures for its README
	cd bench && go run . -pictures pictures -readme README.md

bench-short: ## the same at a glance, in two minutes
	cd bench && go run . -short

bench-goals: ## the ratios to the others that are to be kept
	cd bench && go run . -goals -rounds 5 -readme README.md

contend: ## one lock that many want, beside four other libraries, with a picture
	cd bench && go run ./contend -picture contend/waits.svg

soak: ## ten minutes of full load, and what the proxy keeps
	cd bench && go run ./soak

overload: ## three times as many LOCKs as the proxy can serve
	cd bench && go run ./overload
