# The PostgreSQL tools: demo, test, test-versions, soak, fuzz, check, bench, install, uninstall, dist. `make deps` says
# what it installs.

PREFIX ?= /usr/local
CARGO ?= cargo
TOOLS = pg-dump-rotate pg-restore-verify pg-lock-kill pg-stat-report pg-migrate-lint
# `make install PROFILE=debug` takes less time to build, and installs what takes more to run.
PROFILE ?= release
TARGET = $(or $(CARGO_TARGET_DIR),target)
STAGE = $(TARGET)/$(PROFILE)/stage
DIST ?= $(TARGET)/dist

# All that is installed, below PREFIX.
PROGRAMS = $(TOOLS:%=bin/%)
PAGES = $(TOOLS:%=share/man/man1/%.1) \
	$(TOOLS:%=share/bash-completion/completions/%) \
	$(TOOLS:%=share/zsh/site-functions/_%) \
	$(TOOLS:%=share/fish/vendor_completions.d/%.fish)

# Files that are needed, each with the Debian package that has it.
SERVER = $(firstword $(wildcard /usr/lib/postgresql/*/bin/postgres /usr/pgsql-*/bin/postgres) $(shell command -v postgres))
LIBCLANG = $(firstword $(wildcard $(foreach folder,$(LIBCLANG_PATH) /usr/lib/llvm-*/lib /usr/lib/*-linux-gnu /usr/lib64 /usr/lib64/llvm*/lib /usr/local/lib,\
	$(folder)/libclang.so* $(folder)/libclang-[0-9]*.so*)))
NEEDED = $(if $(SERVER),,postgresql) \
	$(if $(shell command -v psql),,postgresql-client) \
	$(if $(shell command -v jq),,jq) \
	$(if $(shell command -v cc),,gcc libc6-dev) \
	$(if $(LIBCLANG),,libclang-dev)
NEEDED_BY_TESTS = $(NEEDED) \
	$(if $(shell command -v pgbouncer || ls /usr/sbin/pgbouncer 2>/dev/null),,pgbouncer) \
	$(if $(shell command -v openssl),,openssl)
AS_ROOT = $(if $(filter 0,$(shell id -u)),,sudo)

.PHONY: all demo test test-versions soak soak-locks fuzz check bench stage install uninstall dist deps deps-test deps-bench deps-versions

all: deps
	$(CARGO) build $(if $(filter release,$(PROFILE)),--release) $(TOOLS:%=--bin %)

# Takes a backup of a sample database, proves it, and shows that damage is caught.
demo: deps
	$(CARGO) build --quiet --bins
	target/debug/with-sample sh tests/demo.sh

test: deps-test
	$(CARGO) test --workspace

# The same with each major version, fetched below target/postgresql where it is not there; and no backup of a
# good database may be called bad on any of them, or where another took it. `make test-versions MAJORS='13 18'`
MAJORS ?= 13 14 15 16 17 18
test-versions: deps-versions
	$(CARGO) build --quiet --bins
	sh tests/versions.sh target/postgresql
	for major in $(MAJORS); do \
		programs=$$(ls -d /usr/lib/postgresql/$$major/bin /opt/pg/$$major/bin $(CURDIR)/target/postgresql/$$major/bin 2>/dev/null | head -n 1); \
		if [ -z "$$programs" ]; then echo "make: PostgreSQL $$major is not here: skipped"; continue; fi; \
		echo "make: $$programs"; \
		PG_BINDIR=$$programs $(CARGO) test -q $(TOOLS:%=-p %) || exit 1; \
	done
	target/debug/majors

# Cuts and flips bits of every kind of backup, 200 times each: `make soak SOAK='--seed 1'` repeats a run. And
# 500 times sessions that take locks at random: `make soak-locks SEED=1 ROUNDS=1` repeats one.
soak: deps soak-locks
	$(CARGO) build --quiet --bins
	target/debug/soak $(SOAK)

soak-locks: deps
	SEED=$(or $(SEED),$$(date +%s)) ROUNDS=$(or $(ROUNDS),500) $(CARGO) test -p pg-lock-kill --test cli random

# And every reader of bytes that others made, over the seeds of the fuzz targets and a fixed number of mangled ones.
check: deps
	$(CARGO) fmt --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --document-private-items
	$(CARGO) test -q --workspace --lib --bins readers::

# Each fuzz target of `fuzz/` for so many seconds, beginning at its seeds; what it finds is below fuzz/artifacts. Wants
# cargo-fuzz, and RUSTC_BOOTSTRAP=1 where the compiler is no nightly one.
SECONDS_EACH ?= 600
FUZZED = conninfo passfile service records archive files script log thresholds
fuzz:
	for target in $(FUZZED); do \
		mkdir -p $(TARGET)/corpus/$$target && \
		ASAN_OPTIONS=detect_odr_violation=0 $(CARGO) fuzz run --target-dir $(TARGET)/fuzz $$target \
			$(TARGET)/corpus/$$target fuzz/seeds/$$target -- -max_total_time=$(SECONDS_EACH) || exit 1; \
	done

# The times of the tools beside those of what they replace, into BENCHMARKS.md: what is slower than what is
# there is said, and git shows it. On a machine that does nothing else.
PEERS = $(TARGET)/peers
bench: deps-bench
	@command -v squawk >/dev/null || [ -x $(PEERS)/bin/squawk ] || \
		{ echo "make: installing squawk below $(PEERS)" && python3 -m venv $(PEERS) && \
		$(PEERS)/bin/pip install --quiet squawk-cli; } || echo "make: no squawk: measured without"
	$(CARGO) build --quiet --release
	PATH="$(abspath $(PEERS))/bin:$$PATH" $(CARGO) run --quiet --release --bin bench record BENCHMARKS.md

# The programs, and what they say of themselves. Where cargo is not, as for root by sudo, what was built before.
stage:
	@if command -v $(CARGO) >/dev/null; then $(MAKE) --no-print-directory all; \
	elif [ ! -x $(TARGET)/$(PROFILE)/$(lastword $(TOOLS)) ]; then \
		echo "make: there is no $(CARGO) on PATH, and nothing was built: run make first" >&2; exit 1; fi
	rm -rf $(STAGE)
	mkdir -p $(sort $(dir $(PROGRAMS:%=$(STAGE)/%) $(PAGES:%=$(STAGE)/%)))
	for tool in $(TOOLS); do \
		program=$(TARGET)/$(PROFILE)/$$tool && share=$(STAGE)/share && \
		cp $$program $(STAGE)/bin/ && \
		$$program --generate man > $$share/man/man1/$$tool.1 && \
		$$program --generate bash > $$share/bash-completion/completions/$$tool && \
		$$program --generate zsh > $$share/zsh/site-functions/_$$tool && \
		$$program --generate fish > $$share/fish/vendor_completions.d/$$tool.fish \
		|| exit 1; \
	done

install: stage
	umask 022; place="$(DESTDIR)$(PREFIX)"; \
	put() { install -d "$$place/$${2%/*}" && install -m $$1 "$(STAGE)/$$2" "$$place/$$2"; }; \
	for file in $(PROGRAMS); do put 755 $$file || exit 1; done; \
	for file in $(PAGES); do put 644 $$file || exit 1; done

uninstall:
	cd "$(DESTDIR)$(PREFIX)" && rm -f $(PROGRAMS) $(PAGES)

# What others install: a tar file with programs, pages and completions; the same with static programs where
# Rust's target for musl is installed; a .deb of each tool where cargo-deb is.
NAME = postgresql-tools-$(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
HOST = $(shell rustc -vV | sed -n 's/^host: //p')
MUSL = $(shell uname -m)-unknown-linux-musl
HAS_MUSL = $(wildcard $(shell rustc --print sysroot)/lib/rustlib/$(MUSL)/lib)
dist: stage
	mkdir -p $(DIST)
	$(call pack,$(NAME)-$(HOST))
	@if [ -z "$(HAS_MUSL)" ]; then \
		echo "make: no static programs: they want \`rustup target add $(MUSL)\` and Debian's musl-tools"; fi
	$(if $(HAS_MUSL),$(CARGO) build --release --target $(MUSL) $(TOOLS:%=--bin %))
	$(if $(HAS_MUSL),cp $(TOOLS:%=$(TARGET)/$(MUSL)/release/%) $(STAGE)/bin/)
	$(if $(HAS_MUSL),$(call pack,$(NAME)-$(MUSL)))
	@if ! $(CARGO) deb --version >/dev/null 2>&1; then \
		echo "make: no .deb: that wants \`cargo install cargo-deb\`"; \
	else for tool in $(TOOLS); do \
		$(CARGO) deb --quiet --no-build $(if $(filter release,$(PROFILE)),,--profile dev) -p $$tool --output $(DIST)/ || exit 1; \
	done; fi
	cd $(DIST) && sha256sum $(NAME)*.tar.gz $$(ls *.deb 2>/dev/null) > SHA256SUMS
	ls -l $(DIST)

# The stage as a tar file, in which nothing depends on who packs it, or when.
define pack
	rm -rf $(TARGET)/$(1) && cp -R $(STAGE) $(TARGET)/$(1) && cp -R README.md CHANGELOG.md CONTRIBUTING.md LICENSE docs $(TARGET)/$(1)/
	mkdir $(TARGET)/$(1)/tests && cp -R tests/scripts $(TARGET)/$(1)/tests/
	tar -C $(TARGET) --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --mtime=@$(or $(SOURCE_DATE_EPOCH),0) \
		-cf - $(1) | gzip -n > $(DIST)/$(1).tar.gz
	rm -rf $(TARGET)/$(1)
endef

# PostgreSQL's own programs and jq; nothing is installed that is there already.
deps:
	@$(call apt_install,$(NEEDED))

# And what only the tests run against.
deps-test:
	@$(call apt_install,$(NEEDED_BY_TESTS))

# And what the tools are timed beside.
deps-bench:
	@$(call apt_install,$(NEEDED) $(if $(shell command -v pigz),,pigz) $(if $(shell command -v pgbadger),,pgbadger) \
		$(if $(shell command -v check_postgres),,check-postgres) \
		$(if $(shell command -v squawk || python3 -c 'import ensurepip' 2>/dev/null && echo yes),,python3-venv))

# And what fetches other versions.
deps-versions:
	@$(call apt_install,$(NEEDED_BY_TESTS) $(if $(shell command -v curl),,curl ca-certificates) $(if $(shell command -v unzip),,unzip))

define apt_install
	packages="$(strip $(1))"; \
	if [ -z "$$packages" ]; then exit 0; fi; \
	if ! command -v apt-get >/dev/null; then \
		echo "make: please install what Debian calls: $$packages" >&2; exit 1; \
	fi; \
	echo "make: installing $$packages"; \
	$(AS_ROOT) apt-get update -qq && \
	DEBIAN_FRONTEND=noninteractive $(AS_ROOT) apt-get install -y -qq --no-install-recommends $$packages >/dev/null
endef
