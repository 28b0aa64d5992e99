# CI runs only these targets. `make check` runs the same lints and tests as CI.

DOC := RUSTDOCFLAGS='-D warnings' cargo doc --workspace --all-features --no-deps --document-private-items --locked

.DEFAULT_GOAL := help
.PHONY: help run run-auth0-sim run-postgres sim-check api-clients api-fuzz fuzz check lint test test-loaded model mutants mutants-rules mutants-auth fmt doc book generate bench bench-overload bench-instructions bench-instructions-write bench-criterion sbom up down check-deploy

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-26s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Serve on 127.0.0.1:8080 with demo tenants in memory
	cargo run --locked -- serve --dev

# The client id and the secret are the defaults of the stand-in.
run-auth0-sim: export USHER__DIRECTORY__ADAPTER = auth0
run-auth0-sim: export USHER__DIRECTORY__AUTH0__DOMAIN = http://127.0.0.1:9000
run-auth0-sim: export USHER__DIRECTORY__AUTH0__CLIENT_ID = usher
run-auth0-sim: export USHER__DIRECTORY__AUTH0__CLIENT_SECRET = usher-secret
run-auth0-sim: ## Serve like `run`, with a stand-in for Auth0 on 127.0.0.1:9000
	cargo build --locked -p http-actix -p auth0-sim --bins
	target/debug/auth0-sim --listen 127.0.0.1:9000 --seed crates/auth0-sim/demo.jsonl & \
	trap "kill $$! 2>/dev/null" EXIT INT TERM; target/debug/usher serve --dev

# The first line of the output is the URL.
run-postgres: export USHER__DIRECTORY__ADAPTER = postgres
run-postgres: ## Serve like `run`, with a throw-away PostgreSQL database and without demo users
	cargo build --locked -p http-actix -p postgres-testkit --bins
	output=$$(mktemp); target/debug/postgres-testkit run > $$output & server=$$!; \
	trap "kill $$server 2>/dev/null; rm -f $$output" EXIT INT TERM; \
	until grep -q '^url' $$output; do kill -0 $$server || exit 1; sleep 0.1; done; \
	USHER__DATABASE__URL=$$(sed -n 's/^url *//p' $$output) target/debug/usher serve --dev

sim-check: ## Test the stand-in for Auth0 with Auth0's own SDKs, from npm and PyPI, and the Action of docs/auth0.md
	cargo build --locked -p auth0-sim --bins
	crates/auth0-sim/sdks/check target/debug/auth0-sim
	node --test docs/auth0-action/

api-clients: ## Generate clients from the OpenAPI document and use them, with generators from npm and PyPI
	cargo build --locked -p http-actix --bins
	crates/http-actix/api-clients/check target/debug/usher

api-fuzz: ## Test the service against its OpenAPI document with Schemathesis, from PyPI; takes minutes
	cargo build --locked -p http-actix -p auth0-sim --bins
	crates/http-actix/api-fuzz/run target/debug/usher target/debug/auth0-sim

# Seconds for each fuzz target, and the fuzz targets to run.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= $(notdir $(wildcard fuzz/seeds/*))
# The code has no unsafe blocks, so a sanitizer would only slow the fuzzers down.
FUZZ := cd fuzz && cargo +nightly fuzz

fuzz: ## Run each fuzz target for a minute (FUZZ_SECONDS), on a nightly compiler
	@cargo +nightly --version >/dev/null 2>&1 \
	|| { echo 'a nightly compiler is missing: rustup toolchain install nightly --profile minimal'; exit 1; }
	@command -v cargo-fuzz >/dev/null \
	|| { echo 'cargo-fuzz is missing: cargo install --locked cargo-fuzz; it needs a C++ compiler'; exit 1; }
	$(FUZZ) build --sanitizer none
	set -e; for target in $(FUZZ_TARGETS); do \
		mkdir -p fuzz/corpus/$$target; \
		(set -x; $(FUZZ) run --sanitizer none $$target corpus/$$target seeds/$$target -- \
			-max_total_time=$(FUZZ_SECONDS) -max_len=8192 -timeout=10 -print_final_stats=1); \
	done

check: lint test ## Run lint and test

lint: ## Check format, lints, documentation and dependencies
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check
	cargo clippy --workspace --all-targets --all-features --locked -- -D warnings
	$(DOC)
	@if command -v cargo-deny >/dev/null; \
	then set -x; cargo deny --locked check bans licenses sources \
		&& cargo deny --locked --manifest-path fuzz/Cargo.toml --config deny.toml check bans licenses sources; \
	else echo 'cargo-deny is not installed: dependencies not checked'; fi

test: ## Run all tests, including doctests; a failure does not hide others
	cargo test --workspace --all-features --locked --no-fail-fast

# The number of runs, and of busy loops beside them.
LOADED_RUNS ?= 10
LOADED_LOOPS ?= 4

test-loaded: ## Run all tests on a busy machine (LOADED_RUNS, LOADED_LOOPS); no test may assume a speed
	cargo test --workspace --all-features --locked --no-run
	.ci/test-loaded $(LOADED_RUNS) $(LOADED_LOOPS)

# The number of random cases, and the seed.
MODEL_CASES ?= 100
MODEL_SEED ?= $(shell date +%s)

model: ## Run a long model test with random calls (MODEL_CASES, MODEL_SEED)
	PROPTEST_CASES=$(MODEL_CASES) PROPTEST_RNG_SEED=$(MODEL_SEED) cargo test --locked -p http-actix --all-features \
		--test api --test api_on_auth0 --test api_on_postgres -- --nocapture model::random_

mutants: mutants-rules mutants-auth ## Run mutation tests on the rules, use cases and token verifier; takes hours

# Fewer random values in property tests, so that catching a mutant does not depend on luck.
mutants-rules mutants-auth: export PROPTEST_CASES = 32
mutants-rules mutants-auth: export CARGO_TARGET_DIR = target/mutants
# Exit codes 2 and 3 mean missed mutants and timeouts, which .ci/mutants evaluates.
mutants-rules:
	nice cargo mutants -p domain -p application --cargo-test-arg=--tests || case $$? in 2|3) ;; *) exit 1 ;; esac
	.ci/mutants mutants.out

mutants-auth:
	nice cargo mutants -p token-verifier --cargo-test-arg=--lib || case $$? in 2|3) ;; *) exit 1 ;; esac
	.ci/mutants mutants.out

fmt: ## Format the code
	cargo fmt --all
	cargo fmt --manifest-path fuzz/Cargo.toml

doc: ## Build the code documentation in target/doc
	$(DOC)

book: ## Build the pages in docs as a book in target/book
	@command -v mdbook >/dev/null \
	|| { echo 'mdbook is missing: cargo install --locked mdbook@0.5.4'; exit 1; }
	mdbook build docs

# $(call write,FILE,COMMAND): writes the output of COMMAND to FILE; keeps FILE if COMMAND fails.
write = $(2) > $(1).tmp && mv $(1).tmp $(1) || { rm -f $(1).tmp; exit 1; }

# With this variable, tests of generated tables write the file instead of comparing it.
GENERATE := USHER_GENERATE=1 cargo test --quiet --locked

generate: ## Write the generated files that are checked in
	$(GENERATE) -p domain --test policy_table
	$(GENERATE) -p http-actix --all-features --test cli -- api_examples
	$(call write,docs/openapi.json,cargo run --quiet --locked -- openapi)
	$(GENERATE) -p http-actix --all-features --test api -- matrix::answers_match_the_matrix
	$(GENERATE) -p http-actix --all-features --test api_on_auth0 -- matrix::auth0_requests_match_the_matrix
	$(GENERATE) -p http-actix --all-features --test docs -- settings_
	$(call write,deploy/kubernetes/monitoring/prometheusrule.yaml,deploy/kubernetes/monitoring/generate)

# The variables BENCH_QUICK, BENCH_ROUNDS and BENCH_ONLY are explained in bench/src/lib.rs.
bench: ## Measure the service against others, and write docs/performance.md; takes a quarter of an hour
	@command -v wrk >/dev/null || { echo 'wrk is missing: apt-get install wrk'; exit 1; }
	cargo build --release --locked -p http-actix --bin usher
	cargo build --release --locked -p auth0-sim -p bench --bins
	target/release/usher-bench

bench-overload: ## Measure what tenfold overload by one tenant does to the service and to another tenant
	cargo build --release --locked --bin usher
	cargo run --release --locked --quiet --example overload

# The counts of one binary are the same on any machine, so that CI can compare them.
bench-instructions: ## Count the instructions of requests, and compare them with docs/performance/instructions.txt
	@command -v valgrind >/dev/null && command -v vgdb >/dev/null \
	|| { echo 'valgrind is missing: apt-get install valgrind'; exit 1; }
	cargo build --release --locked --bin usher
	cargo build --release --locked --example bare_server
	cargo run --locked --quiet --example instructions -- \
		target/release/usher target/release/examples/bare_server docs/performance/instructions.txt

bench-instructions-write: export USHER_GENERATE = 1
bench-instructions-write: bench-instructions ## Count the instructions of requests, and write the table

bench-criterion: ## Time single functions: policy, token verification, pages, search queries
	cargo bench --locked -p domain --bench policy
	cargo bench --locked -p token-verifier --features testing --bench verification
	cargo bench --locked -p roster --bench pages
	cargo bench --locked -p auth0-adapter --features fuzzing --bench search_query

# cargo-cyclonedx writes one file for each crate; the file of the binary's crate includes the others.
sbom: ## Write the software bill of materials to target/usher.cdx.json
	@command -v cargo-cyclonedx >/dev/null \
	|| { echo 'cargo-cyclonedx is missing: cargo install --locked cargo-cyclonedx@0.5.9'; exit 1; }
	cargo cyclonedx --format json --spec-version 1.5 \
		--no-build-deps --override-filename usher.cdx
	mkdir -p target && mv crates/http-actix/usher.cdx.json target/
	rm crates/*/usher.cdx.json

# Profiles of docker-compose.yml, separated by commas: dev or auth0-sim, and observability.
PROFILES ?= dev
up: export COMPOSE_PROFILES = $(PROFILES)
ifneq (,$(findstring observability,$(PROFILES)))
up: export USHER__TRACES__OTLP_ENDPOINT = http://jaeger:4318/v1/traces
endif
up: ## Build the image and serve like `run`, in a container (PROFILES)
	docker compose up --build --detach --wait

down: export COMPOSE_PROFILES = dev,auth0-sim,observability
down: ## Stop the containers of `up`
	docker compose down

check-deploy: ## Check deploy, the Dockerfiles, the workflows and the alert rules, with the installed tools
	deploy/check
