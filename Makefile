# What a person, CI and the Dockerfile run, each from one place. `make` alone lists it.
#
# `cargo run` and `cargo test` work without this file and without Node.js: a placeholder stands where the web pages
# would be, and tests that need a program which is not there say that they are skipped.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

CARGO ?= cargo
NPM ?= npm
# How long each fuzz target runs, in seconds: `make fuzz FUZZ_SECONDS=600`.
FUZZ_SECONDS ?= 60
# How they are built: `release` to find faults, `dev` to see that they run, of what is compiled for the tests anyway.
FUZZ_PROFILE ?= release
# A file to tell other jobs of this machine that a build is running; empty: no lock.
BUILD_LOCK ?=
LOCKED := $(if $(BUILD_LOCK),flock $(BUILD_LOCK))

.PHONY: help
help: ## List what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

# --- run -------------------------------------------------------------------------------------------------------------

.PHONY: run
run: web ## Build everything and start the demo: it prints a link to a picture on the air
	exec $(CARGO) run --release --locked -- demo

.PHONY: build
build: web ## Build the release binary with its web pages, target/release/gostream
	$(LOCKED) $(CARGO) build --release --locked

.PHONY: web
web: web/dist/index.html ## Build the web pages into web/dist

WEB_SOURCES := $(shell find web/src -type f 2>/dev/null) $(wildcard web/*.html web/*.mjs web/*.ts)

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	@found=$$(node --version 2>/dev/null || echo none)
	if ! command -v $(NPM) >/dev/null || ! [[ $$found =~ ^v([0-9]+) && $${BASH_REMATCH[1]} -ge 20 ]]; then
		echo "The web pages need Node.js 20 or newer with npm (found: $$found). 'cargo run -- demo' runs without them." >&2
		exit 1
	fi
	cd web && $(NPM) ci --no-audit --no-fund

web/dist/index.html: web/node_modules/.package-lock.json $(WEB_SOURCES)
	cd web && $(NPM) run --silent build

.PHONY: screenshots
screenshots: web ## Take pictures of every page, in both themes and on a phone, into target/screenshots
	cd web && node test/screenshots.mjs ../target/screenshots

.PHONY: readme-pictures
readme-pictures: build ## Take the README's pictures from a real show (two minutes; needs FFmpeg)
	cd web && node test/readme.mjs ../target/release/gostream ../docs

# --- prove -----------------------------------------------------------------------------------------------------------

.PHONY: test
test: suite ## Install what the tests need and run all of them, none skipped

.PHONY: suite
suite: asked
	export GOSTREAM_TEST_REQUIRE_ALL=1
	if $(NEXTEST); then
		$(LOCKED) $(CARGO) nextest run --locked --no-fail-fast
	else
		$(LOCKED) $(CARGO) test --locked --no-fail-fast --lib --bins --tests
	fi

# A browser waits more than it works, and so does a server that is asked: the compiler works beside them, and gives way.
.PHONY: asked
asked: looked-at
	$(MAKE) -j2 schemathesis-smoke compiled

.PHONY: looked-at
looked-at: deps web
	$(MAKE) -j2 web-test looked-over

.PHONY: looked-over
looked-over:
	nice $(MAKE) -j1 lint fuzz-smoke

NEXTEST := $(CARGO) nextest --version >/dev/null 2>&1

.PHONY: compiled
compiled:
	$(ALONE)
	GOSTREAM_TEST_REQUIRE_ALL=1 $(LOCKED) nice $(CARGO) test --locked --doc
	if $(NEXTEST); then $(LOCKED) nice $(CARGO) nextest run --locked --no-run; fi

# Of a make that does two things at once cargo would take its number of jobs.
ALONE := unset MAKEFLAGS MFLAGS

# schemathesis in a folder of its own, by the versions that are written down.
SCHEMATHESIS := target/tools/schemathesis
# What is asked for: a little with what `make test` does, and always the same; `make schemathesis` asks for more.
SCHEMATHESIS_OPTIONS ?= --max-examples 60 --phases examples,coverage,fuzzing,stateful

.PHONY: schemathesis
schemathesis: packages $(SCHEMATHESIS)/bin/schemathesis ## Ask the API for everything its document has, and for what it has not
	$(ALONE)
	$(LOCKED) $(CARGO) build --locked
	$(SCHEMATHESIS)/bin/python tests/schemathesis/run.py target/debug/gostream $(SCHEMATHESIS_OPTIONS)

.PHONY: schemathesis-smoke
schemathesis-smoke:
	$(MAKE) schemathesis SCHEMATHESIS_OPTIONS='--seed 1 --max-examples 4 --phases examples,coverage,fuzzing'

$(SCHEMATHESIS)/bin/schemathesis: tests/schemathesis/requirements.txt | packages
	rm -rf $(SCHEMATHESIS)
	python3 -m venv $(SCHEMATHESIS)
	$(SCHEMATHESIS)/bin/python -m pip install --quiet --disable-pip-version-check --only-binary=:all: \
		--requirement tests/schemathesis/requirements.txt
	touch $@

.PHONY: web-test
web-test: web ## Types, lint and tests of the web pages, and every page in a browser
	cd web && $(NPM) run --silent check && $(NPM) run --silent pages

# How long a live room is left open, in minutes: `make steady MINUTES=5`.
MINUTES ?= 30

.PHONY: steady
steady: build ## Leave a live room open for MINUTES (30) and see that its memory stays
	cd web && $(NPM) run --silent steady -- --minutes $(MINUTES)

.PHONY: lint
lint: ## Format, clippy and documentation, with warnings as errors
	$(CARGO) fmt --check
	$(LOCKED) $(CARGO) clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings -A rustdoc::private_intra_doc_links' $(LOCKED) $(CARGO) doc --locked --no-deps --document-private-items --quiet

.PHONY: bench
bench: build ## Run the benchmarks; the end-to-end one prints the figures of the README
	$(LOCKED) $(CARGO) bench --locked
	cd web && $(LOCKED) $(NPM) run --silent bench

# Coverage-guided fuzzing with what every Rust toolchain has: libFuzzer comes with a crate and a C++ compiler, and the
# coverage pass is in rustc. cargo-fuzz and clang are not needed. Only what is ours is compiled with these flags.
FUZZ_FLAGS := --cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
	-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
	-Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Coverflow-checks

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZ_SECONDS (60)
	@if [ ! -f fuzz/Cargo.toml ]; then echo "no fuzz targets yet"; exit 0; fi
	cd fuzz
	export FUZZ_FLAGS='$(FUZZ_FLAGS)'
	RUSTC_WRAPPER="$$PWD/instrument" $(LOCKED) $(CARGO) build --locked --profile $(FUZZ_PROFILE) --bins --target-dir ../target
	# One line a target; a crash leaves its input in fuzz/artifacts/ and fails the run.
	run() {
		mkdir -p "corpus/$$1" "artifacts/$$1"
		if ! "../target/$(patsubst dev,debug,$(FUZZ_PROFILE))/$$1" "corpus/$$1" -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=1024 \
			-timeout=10 -malloc_limit_mb=256 -artifact_prefix="artifacts/$$1/" >"artifacts/$$1/log" 2>&1; then
			echo "fuzz $$1: FAILED"; tail -n 40 "artifacts/$$1/log"; return 1
		fi
		echo "fuzz $$1: $$(grep -oE 'Done [0-9]+ runs in [0-9]+ second' "artifacts/$$1/log" | tail -n 1)s"
	}
	export -f run
	ls fuzz_targets/*.rs | xargs -n 1 basename -s .rs | xargs -P "$$(nproc)" -I{} bash -c 'run {}'

.PHONY: fuzz-smoke
fuzz-smoke: ## Build the fuzz targets and run each for a few seconds
	$(MAKE) fuzz FUZZ_SECONDS=5 FUZZ_PROFILE=dev

# --- needs -----------------------------------------------------------------------------------------------------------

# What the tests start: how to see that it is there | Debian package | what for.
define NEEDS
command -v cc c++ | build-essential | C and C++ compiler for the TLS library and libFuzzer
command -v ffmpeg ffprobe | ffmpeg | encoder, RTMP and HLS player, the judge of every packet
command -v gst-launch-1.0 | gstreamer1.0-tools | a second encoder and player
gst-inspect-1.0 videotestsrc | gstreamer1.0-plugins-base | test pictures and sound
gst-inspect-1.0 flvmux | gstreamer1.0-plugins-good | FLV for the RTMP elements
gst-inspect-1.0 rtmp2sink | gstreamer1.0-plugins-bad | RTMP elements, librtmp's too
gst-inspect-1.0 rtmpsink | gstreamer1.0-plugins-bad | librtmp as encoder
gst-inspect-1.0 souphttpsrc | gstreamer1.0-plugins-good | HTTP for the HLS player
gst-inspect-1.0 qtdemux | gstreamer1.0-plugins-good | HLS in fMP4
gst-inspect-1.0 hlsdemux | gstreamer1.0-plugins-bad | a second HLS player
gst-inspect-1.0 tsdemux | gstreamer1.0-plugins-bad | HLS in MPEG-TS
gst-inspect-1.0 mpegtsmux | gstreamer1.0-plugins-bad | a file of what it read
gst-inspect-1.0 voaacenc | gstreamer1.0-plugins-bad | AAC encoder
gst-inspect-1.0 x264enc | gstreamer1.0-plugins-ugly | H.264 encoder
command -v rtmpdump | rtmpdump | librtmp as player
PATH=$$PATH:/usr/sbin command -v nginx | nginx | destination, viewer and relay that we did not write
ls /usr/lib/nginx/modules/ngx_rtmp_module.so | libnginx-mod-rtmp | the RTMP side of nginx
ls /usr/lib/postgresql/*/bin/postgres | postgresql | the other database
command -v curl | curl | HTTP client
command -v chromium | chromium | the browser that plays the page
command -v npm | npm | the web pages and the browser's driver
python3 -m pip --version | python3-pip | fetches FFmpeg 9
python3 -c "import ensurepip" | python3-venv | schemathesis in a folder of its own
endef
export NEEDS

# A static build, by name and by hash: Debian's FFmpeg cannot send HEVC, AV1, VP9 or Opus over RTMP.
FFMPEG9 := target/tools/ffmpeg9

.PHONY: deps
deps: packages $(FFMPEG9) ## Install what the tests need, where that is allowed

$(FFMPEG9): tests/ffmpeg9.txt | packages
	@unpacked=target/tools/imageio-ffmpeg
	rm -rf "$$unpacked"
	PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --no-deps \
		--only-binary=:all: --require-hashes --target "$$unpacked" --requirement tests/ffmpeg9.txt
	mv "$$unpacked"/imageio_ffmpeg/binaries/ffmpeg-linux-* $@
	rm -r "$$unpacked"
	touch $@
	$@ -version | head -n 1

.PHONY: packages
packages:
	@packages=() reasons=()
	while IFS='|' read -r check package reason; do
		package=$${package// /}
		if ! eval "$$check" >/dev/null 2>&1; then
			[[ " $${packages[*]-} " == *" $$package "* ]] || packages+=("$$package")
			reasons+=("  $$package:$$reason")
		fi
	done <<<"$$NEEDS"
	[ $${#packages[@]} -gt 0 ] || exit 0
	sudo=()
	[ "$$(id -u)" = 0 ] || sudo=(sudo -n)
	if ! command -v apt-get >/dev/null || ! "$${sudo[@]}" true 2>/dev/null; then
		echo "The tests need programs that are not here, and this user may not install them:" >&2
		printf '%s\n' "$${reasons[@]}" >&2
		echo "Install them (sudo apt-get install $${packages[*]}), or run 'cargo test', which says what it skips." >&2
		exit 1
	fi
	echo "Installing for the tests: $${packages[*]}"
	"$${sudo[@]}" apt-get update -q
	# RUNLEVEL=1: the tests start nginx and PostgreSQL themselves, and no service of them is wanted.
	"$${sudo[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
		apt-get install -q -y --no-install-recommends "$${packages[@]}"

.PHONY: image
image: ## Build the container image (needs a Docker engine)
	docker build --tag gostream .

.PHONY: clean
clean: ## Remove what was built
	$(CARGO) clean
	rm -rf web/dist web/node_modules fuzz/target fuzz/artifacts
