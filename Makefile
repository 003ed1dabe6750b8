# Two commands show everything: `make demo` (the whole product, offline) and `make test` (the whole proof).
#
#   make demo IDEA_FILE=my-idea.md      a package of prompts in out/
#   make dev                            the stack, until Ctrl-C; pages at http://localhost:8080, with hot reload at :5173
#   make test | lint | chaos | bench    what CI runs, and the figures
#   make fmt | prepare | eval | web      formatting, what is generated, the quality of what agents write, the pages

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Everything that survives a fresh clone lies outside the checkout.
export GROUNDWORK_CACHE ?= $(HOME)/.cache/groundwork
export CARGO_TARGET_DIR ?= $(GROUNDWORK_CACHE)/target
export PATH := $(GROUNDWORK_CACHE)/bin:$(PATH)

IDEA_FILE ?= deploy/demo/idea.md
OUT ?= out
CHAOS_PROJECTS ?= 50
CHAOS_KILLS ?= 30
BENCH_FLAGS ?=
LINT_DENY ?= 1
BIN := $(CARGO_TARGET_DIR)/debug/groundwork

.PHONY: help demo dev build web temporal test test-rust test-web test-sdk test-schema lint lint-rust lint-web lint-deny lint-fresh bench chaos recovery eval fmt prepare

help:
	@sed -n '1,/^$$/s/^# \{0,1\}//p' Makefile

temporal:
	@deploy/install-temporal.sh >/dev/null

# The pages, into web/dist: release builds hold them, debug builds read them from there.
web:
	@deploy/build-web.sh

build: web
	cargo build --package groundwork-cli

# Installs what is missing, builds, starts the whole stack, and takes an idea to a package of prompts.
demo: temporal build
	$(BIN) demo --idea-file $(IDEA_FILE) --out $(OUT)

# The stack until Ctrl-C; projects are kept in .groundwork/. Beside it Vite shows changes of pages as they are saved.
dev: temporal build
	@deploy/dev.sh $(BIN)

test: temporal test-web test-rust test-sdk test-schema

# Tests of mail and sign-in start real servers of others with Node (tests/servers/).
# `cargo test` starts the binary too, so it is built first, with the same profile.
# `tests/tests/web.rs` drives Chromium.
test-rust: build
	@deploy/install-chromium.sh >/dev/null
	deploy/test-postgres.sh cargo test --workspace

# What pages compute, without a browser.
test-web:
	@deploy/build-web.sh --must
	npm --prefix web run --silent test

# The official Python SDKs against the simulator.
test-sdk:
	tests/sdk/run.sh

# Two minutes of requests that the OpenAPI document allows, and of others, against a whole stack.
test-schema: temporal build
	GROUNDWORK_BIN=$(BIN) tests/schemathesis/run.sh

lint: lint-rust lint-web lint-deny lint-fresh

lint-rust:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

# Types, rules, and that src/api/ is what api/openapi.json and domain/ say.
lint-web:
	@deploy/build-web.sh --install
	npm --prefix web run --silent lint

# Compiling cargo-deny takes minutes, once a machine.
lint-deny:
	@if [ "$(LINT_DENY)" = 0 ]; then \
		echo "make lint: LINT_DENY=0, so licences, bans and sources of dependencies were NOT checked"; \
	else \
		deploy/install-cargo-deny.sh && cargo deny --locked check bans licenses sources; \
	fi

# What is generated and checked in must be what the code says now.
lint-fresh:
	deploy/check-generated.sh

chaos: temporal build
	CHAOS_PROJECTS=$(CHAOS_PROJECTS) CHAOS_KILLS=$(CHAOS_KILLS) cargo run --package groundwork-tests --bin chaos

# How long the death of a worker in the middle of a call is felt, on a machine that does nothing else.
recovery: temporal build
	cargo run --package groundwork-tests --bin chaos -- --recovery 20

# Figures and what they mean: docs/bench.md. BENCH_FLAGS=--quick only tries it. What is measured and what measures are built by
# one command, since each package alone would have all dependencies compiled for it with its own choice of features.
bench: temporal web
	cargo build --release --package groundwork-cli --package groundwork-tests --bin groundwork --bin bench
	$(CARGO_TARGET_DIR)/release/bench $(BENCH_FLAGS)

# Needs a provider's key, or measures the simulator where there is none.
eval: build
	cargo run --package groundwork-agents --example eval

fmt:
	cargo fmt --all

# Rewrites .sqlx/ and api/openapi.json from the code and the migrations.
prepare:
	deploy/check-generated.sh --write
