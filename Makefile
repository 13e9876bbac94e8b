# What one does with this project. `make` alone lists the targets.

BIN := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target)/debug
VENV := target/readers-venv
PYTHON ?= python3
# Major versions are pinned: what a reader accepts changes with them.
READERS := 'duckdb==1.*' 'polars==2.*' 'pyarrow==26.*' 'openpyxl==3.*'

.DEFAULT_GOAL := help
.PHONY: help build run test test-crash test-all check readers bench clean-data need-rust need-rust-tools

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: need-rust ## Build nianbao and the sample generator mirror
	cargo build --locked --bins

run: build ## Generate the samples if there are none, run the program on drop/, say where to look
	@set -e; \
	if [ -e drop/truth.jsonl ]; then \
		echo "drop/ has the samples already"; \
	elif [ -n "$$(ls -A drop 2>/dev/null)" ]; then \
		echo "drop/ has files that are not the samples: they are run as they are"; \
	else \
		$(BIN)/mirror generate --out drop --year 2023 --year 2024; \
	fi; \
	code=0; $(BIN)/nianbao run || code=$$?; \
	case $$code in \
		0|10) ;; \
		*) echo "make run: nianbao ended with exit code $$code; README.md tells what it means" >&2; exit $$code ;; \
	esac; \
	echo; \
	echo "Where to look:"; \
	for file in var/reports/*/*.xlsx; do echo "  workbook      $$file"; done; \
	echo "  tables        $$($(BIN)/nianbao releases path)/flat/"; \
	echo "  SQL views     $(BIN)/nianbao releases path --sql"; \
	echo "  what is open  finding.parquet among the tables; delivery.parquet has each file's rows"

test: need-rust ## Run the tests
	cargo test --locked

test-crash: build $(VENV)/.made ## Kill runs, fail their calls, cut the power, read while they publish: a seeded part, minutes
	$(VENV)/bin/python tests/crash/run.py --bin $(BIN)/nianbao

test-all: test build $(VENV)/.made ## All tests, and the crash tests at every call: about an hour
	$(VENV)/bin/python tests/crash/run.py --bin $(BIN)/nianbao --whole

check: need-rust need-rust-tools ## Formatting, lints and tests
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	cargo test --locked

readers: $(VENV)/.made ## Read the published release with DuckDB and PyArrow, and check its figures
	$(VENV)/bin/python tests/readers/check_release.py

bench: build $(VENV)/.made ## Time a cold run, an unchanged run, and openpyxl on the same workbooks
	BIN="$(BIN)" PYTHON="$(VENV)/bin/python" sh tests/bench/run.sh

clean-data: ## Remove drop/ and var/ with everything published; the build stays
	rm -rf drop var

# The stamp is written last: a venv that was not finished is made again.
$(VENV)/.made: Makefile
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
		echo "$(PYTHON) is missing: apt-get install python3 python3-venv" >&2; exit 1; }
	@rm -rf $(VENV); mkdir -p target; \
	$(PYTHON) -m venv $(VENV) || { \
		rm -rf $(VENV); echo "$(PYTHON) cannot make a venv: apt-get install python3-venv" >&2; exit 1; }
	$(VENV)/bin/pip install --quiet --disable-pip-version-check $(READERS)
	@touch $@

need-rust:
	@command -v cargo >/dev/null 2>&1 || { \
		echo "cargo is missing: install Rust 1.95 or newer with rustup, https://rustup.rs (apt-get install curl, if it is not there)" >&2; exit 1; }
	@command -v cc >/dev/null 2>&1 || { \
		echo "a C compiler is missing, which some crates and the linker need: apt-get install build-essential" >&2; exit 1; }

need-rust-tools:
	@cargo fmt --version >/dev/null 2>&1 || { echo "cargo fmt is missing: rustup component add rustfmt" >&2; exit 1; }
	@cargo clippy --version >/dev/null 2>&1 || { echo "cargo clippy is missing: rustup component add clippy" >&2; exit 1; }
