# The few commands of everyday work. `make` alone explains them.

CARGO ?= cargo
# Everything is compiled with the same features, so that nothing is compiled twice.
ALL := --workspace --all-features
HARNESS := $(CARGO) run --quiet --package harness --
# The nextest profile of .config/nextest.toml; `make test PROFILE=default` stops at the first failure.
PROFILE ?= ci

.DEFAULT_GOAL := help
# The steps of `test` build on each other.
.NOTPARALLEL:

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## Build Doorward and start it, with everything it needs inside
	$(CARGO) run

.PHONY: test
test: tools fmt-check sqlx-check clippy ## Everything that has to hold: format, lints, queries, all tests
	$(CARGO) build $(ALL) --all-targets
	$(HARNESS) run -- $(CARGO) nextest run $(ALL) --profile $(PROFILE)
	$(CARGO) test --doc $(ALL)

# For how many seconds `make chaos` breaks things, and with which faults: the same seed draws the same ones.
SECONDS ?= 120
SEED ?= $(shell date +%s)

.PHONY: chaos
chaos: tools ## Break everything that jobs stand on for SECONDS=120, drawn by SEED; is every promise kept?
	CHAOS_SECONDS=$(SECONDS) CHAOS_SEED=$(SEED) $(CARGO) nextest run $(ALL) --profile chaos --no-capture \
		-E 'test(=chaos::whatever_fails_every_promise_is_kept)'

.PHONY: check
check: fmt-check clippy ## The fast part of test: format and lints

.PHONY: fmt
fmt: ## Format the code
	$(CARGO) fmt --all

# Rounds of each case of the benchmarks: more of them make steadier figures.
ROUNDS ?= 15
# The same for jobs, of which a round takes a few minutes.
JOB_ROUNDS ?= 5
# Further options of the benchmarks, such as `--largest 100000`; `cargo run -p bench` lists them.
OPTIONS ?=

# Doorward is built by itself, so that it has the features it ships with and no others.
.PHONY: bench
bench: ## Measure what decisions, jobs and much data cost, and write docs/performance.md
	$(CARGO) build --release --package cli
	@mkdir -p target/bench
	$(CARGO) bench --package authz --bench decide > target/bench/decide.txt
	$(CARGO) run --release --package bench -- own docs/performance.md --rounds $(ROUNDS) \
		--decisions target/bench/decide.txt $(OPTIONS)
	$(CARGO) run --release --package bench -- jobs docs/performance.md --rounds $(JOB_ROUNDS)
	$(CARGO) run --release --package bench -- memory docs/performance.md

.PHONY: bench-peers
bench-peers: ## The same beside other servers, which are downloaded into target/peers
	bench/peers/fetch.sh target/peers
	$(CARGO) build --release --package cli
	$(CARGO) run --release --package bench -- peers docs/performance.md --rounds $(ROUNDS) \
		--folder target/peers $(OPTIONS)

.PHONY: env
env: ## Write .env with random secrets, for docker compose
	@deploy/env.sh

.PHONY: sqlx
sqlx: ## Write tenancy/.sqlx anew, after a query or a migration has changed
	$(HARNESS) sqlx write

.PHONY: sqlx-check
sqlx-check: ## Fail when tenancy/.sqlx does not fit queries and migrations
	$(HARNESS) sqlx check

# By way of another file: a failure must not leave an empty matrix behind.
.PHONY: matrix
matrix: ## Write policies/matrix.txt anew: who may do what
	@mkdir -p target
	$(CARGO) run --quiet -- policies matrix > target/matrix.txt
	mv target/matrix.txt policies/matrix.txt

.PHONY: examples
examples: ## Write api/examples.json and api/tests/routes.txt anew, after a route is new or answers differently
	WRITE_EXAMPLES=1 $(HARNESS) run -- $(CARGO) nextest run $(ALL) \
		-E 'package(api) and (test(=tour::the_examples_are_what_the_server_answers) or test(=matrix::every_route_lets_in_whom_it_should_and_nobody_else))'

.PHONY: tools
tools: ## Install what the tests need and this machine lacks
	@harness/install.sh

.PHONY: clean
clean: ## Remove everything that was built
	$(CARGO) clean

.PHONY: fmt-check
fmt-check:
	$(CARGO) fmt --all -- --check

# The second time as images are built, without the embedded store.
.PHONY: clippy
clippy:
	$(CARGO) clippy $(ALL) --all-targets -- -D warnings
	$(CARGO) clippy --package cli --no-default-features -- -D warnings
