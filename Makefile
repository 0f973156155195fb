# The two commands for a fresh Debian 12 machine with a Rust toolchain: `make demo` and `make test`.
.PHONY: demo test lint bench simulate fuzz setup build guest install clean

GUEST := target/guest

# Runs an instance on a real node, reboots it through the cluster controller, shows its console, terminates it.
demo: setup build guest
	target/debug/demo $(GUEST)

test: setup build guest
	cargo test --workspace --all-features --locked

lint: setup
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --all-features --locked -- -D warnings
	cargo xtask codegen --check

# The figures of SPEC.md. Wants a machine with nothing else to do.
bench: setup
	tests/bench.sh

# Ten or more simulated minutes of a whole cluster under faults, for each of ten thousand seeds.
simulate:
	cargo run --release --locked -p euca-sim -- simulate --seeds 10000

# `make fuzz TARGET=envelope RUNS=10000000`
fuzz: setup
	fuzz/run.sh $(TARGET) $(RUNS)

setup:
	tests/setup.sh

build:
	cargo build --workspace --all-targets --all-features --locked

guest: setup
	tests/guest/build-guest.sh $(GUEST)

# `make install DESTDIR=/tmp/package`
install:
	cargo build --release --locked -p euca-cc-daemon -p euca-nc-daemon -p euca-helper -p euca-client
	install -D -t $(DESTDIR)/usr/sbin $(addprefix target/release/,cc-daemon nc-daemon nc-helper cc-client nc-client eucalyptus-ccctl)
	ln -sf cc-client $(DESTDIR)/usr/sbin/CCclient_full
	ln -sf cc-client $(DESTDIR)/usr/sbin/euca_killall
	ln -sf nc-client $(DESTDIR)/usr/sbin/NCclient
	install -D -m 644 -t $(DESTDIR)/usr/lib/systemd/system etc/systemd/*
	install -D -m 644 -t $(DESTDIR)/usr/lib/sysusers.d etc/sysusers.d/*
	install -D -m 644 -t $(DESTDIR)/usr/lib/tmpfiles.d etc/tmpfiles.d/*
	install -D -m 644 -t $(DESTDIR)/usr/lib/sysctl.d etc/sysctl.d/*
	[ -e $(DESTDIR)/etc/eucalyptus/eucalyptus.conf ] || \
		install -D -m 644 -t $(DESTDIR)/etc/eucalyptus etc/eucalyptus.conf

clean:
	cargo clean
