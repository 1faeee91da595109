# The PostgreSQL tools: demo, test, test-versions, soak, check, bench, install. `make deps` says what it installs.

PREFIX ?= /usr/local
CARGO ?= cargo
TOOLS = pg-dump-rotate pg-restore-verify pg-lock-kill pg-stat-report pg-migrate-lint

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

.PHONY: all demo test test-versions soak soak-locks check bench install uninstall deps deps-test deps-versions

all: deps
	$(CARGO) build --release

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

check: deps
	$(CARGO) fmt --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --document-private-items

# Prints the times of the tools beside those of what they replace.
bench: deps
	$(CARGO) build --quiet --release
	$(CARGO) run --quiet --release --bin bench

install: all
	install -d $(PREFIX)/bin $(PREFIX)/share/man/man1 $(PREFIX)/share/bash-completion/completions \
		$(PREFIX)/share/zsh/site-functions $(PREFIX)/share/fish/vendor_completions.d
	for tool in $(TOOLS); do \
		install target/release/$$tool $(PREFIX)/bin/ && \
		target/release/$$tool --generate man > $(PREFIX)/share/man/man1/$$tool.1 && \
		target/release/$$tool --generate bash > $(PREFIX)/share/bash-completion/completions/$$tool && \
		target/release/$$tool --generate zsh > $(PREFIX)/share/zsh/site-functions/_$$tool && \
		target/release/$$tool --generate fish > $(PREFIX)/share/fish/vendor_completions.d/$$tool.fish \
		|| exit 1; \
	done

uninstall:
	for tool in $(TOOLS); do \
		rm -f $(PREFIX)/bin/$$tool $(PREFIX)/share/man/man1/$$tool.1 \
			$(PREFIX)/share/bash-completion/completions/$$tool \
			$(PREFIX)/share/zsh/site-functions/_$$tool \
			$(PREFIX)/share/fish/vendor_completions.d/$$tool.fish; \
	done

# PostgreSQL's own programs and jq; nothing is installed that is there already.
deps:
	@$(call apt_install,$(NEEDED))

# And what only the tests run against.
deps-test:
	@$(call apt_install,$(NEEDED_BY_TESTS))

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
