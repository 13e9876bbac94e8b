# What one does with this project. `make` alone lists the targets.

BIN := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target)/debug
VENV := target/readers-venv
BENCH_VENV := target/bench-venv
PYTHON ?= python3
# Major versions are pinned: what a reader accepts changes with them.
READERS := 'duckdb==1.*' 'polars==2.*' 'pyarrow==26.*' 'openpyxl==3.*'
# What is measured against is the newest of its kind.
RIVALS := 'duckdb==2.*' 'openpyxl==3.*' 'pandas==3.*' 'xlrd==2.*' 'fastexcel==0.21.*' 'polars==2.*'
SCALES ?= 1 10 20 40
# Seconds for each fuzz target.
SECONDS_EACH ?= 60

.DEFAULT_GOAL := help
.PHONY: help build run test bad-inputs test-crash test-all check readers bench fuzz clean-data need-rust need-rust-tools

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
		*) echo "make run: nianbao ended with exit code $$code; docs/reference/commands.md tells what it means" >&2; exit $$code ;; \
	esac; \
	echo; \
	echo "Where to look:"; \
	for file in var/reports/*/*.xlsx; do echo "  workbook      $$file"; done; \
	echo "  tables        $$($(BIN)/nianbao releases path)/flat/"; \
	echo "  SQL views     $(BIN)/nianbao releases path --sql"; \
	echo "  what is open  finding.parquet among the tables; delivery.parquet has each file's rows"

test: need-rust ## Run the tests
	cargo test --locked

bad-inputs: need-rust ## Run the files that schools really send, and print what each got
	cargo test --locked --test it bad_inputs
	@awk 'NR == 1 || FNR > 1' target/tmp/bad-inputs/*.tsv

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

bench: build $(BENCH_VENV)/.made ## Measure whole runs against the decoder alone, other readers, DuckDB (SCALES="1 10 20 40", 25 minutes)
	cargo build --locked --example decode_only
	BIN="$(BIN)" PYTHON="$(BENCH_VENV)/bin/python" SCALES="$(SCALES)" $(PYTHON) tests/bench/bench.py

# Panics that the decoder catches reject a file; what asks for gigabytes is bounded, and goes on in forks.
fuzz: need-rust ## Fuzz every target for SECONDS_EACH (60); needs cargo install cargo-fuzz
	@command -v cargo-fuzz >/dev/null 2>&1 || { \
		echo "cargo-fuzz is missing: cargo install cargo-fuzz; it needs a C++ compiler" >&2; exit 1; }
	@set -e; ulimit -c 0; \
	for target in text html json zip xlsx people definitions manifest xls; do \
		mkdir -p tests/fuzz/corpus/$$target; \
		ignore=0; if [ $$target = xls ]; then ignore=1; fi; \
		echo "== $$target"; \
		cargo fuzz run --fuzz-dir tests/fuzz --dev -s none $$target tests/fuzz/corpus/$$target tests/fuzz/seeds/$$target -- \
			-fork=1 -ignore_ooms=$$ignore -ignore_timeouts=$$ignore -max_total_time=$(SECONDS_EACH) \
			-timeout=10 -rss_limit_mb=1500 -malloc_limit_mb=1500 -max_len=12000; \
	done

clean-data: ## Remove drop/ and var/ with everything published; the build stays
	rm -rf drop var

# The stamp is written last: a venv that was not finished is made again.
$(VENV)/.made $(BENCH_VENV)/.made: Makefile
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
		echo "$(PYTHON) is missing: apt-get install python3 python3-venv" >&2; exit 1; }
	@rm -rf $(@D); mkdir -p target; \
	$(PYTHON) -m venv $(@D) || { \
		rm -rf $(@D); echo "$(PYTHON) cannot make a venv: apt-get install python3-venv" >&2; exit 1; }
	$(@D)/bin/pip install --quiet --disable-pip-version-check $(PACKAGES)
	@touch $@
$(VENV)/.made: PACKAGES = $(READERS)
$(BENCH_VENV)/.made: PACKAGES = $(RIVALS)

need-rust:
	@command -v cargo >/dev/null 2>&1 || { \
		echo "cargo is missing: install Rust 1.95 or newer with rustup, https://rustup.rs (apt-get install curl, if it is not there)" >&2; exit 1; }
	@command -v cc >/dev/null 2>&1 || { \
		echo "a C compiler is missing, which some crates and the linker need: apt-get install build-essential" >&2; exit 1; }

need-rust-tools:
	@cargo fmt --version >/dev/null 2>&1 || { echo "cargo fmt is missing: rustup component add rustfmt" >&2; exit 1; }
	@cargo clippy --version >/dev/null 2>&1 || { echo "cargo clippy is missing: rustup component add clippy" >&2; exit 1; }
