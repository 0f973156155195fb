#!/bin/bash
# Measures every figure of SPEC.md, but for row d, whose fuzzing takes hours, and prints it with its row's letter. Takes
# about an hour, and means something only on a machine with nothing else to do. What fails, or misses its target, keeps
# nothing else from being measured; the exit status tells of it.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

missed=()
row() {
    echo "== $1: ${*:2}"
    "${@:2}" || missed+=("$1: ${*:2}")
}

packages=(-p euca-cc-daemon -p euca-nc-daemon -p euca-helper -p euca-client -p euca-sim -p euca-tests -p euca-bench)
cargo build --release --locked "${packages[@]}" && cargo build --workspace --all-features --locked &&
    tests/guest/build-guest.sh target/guest || exit
row a cargo test --locked -p euca-tests --test golden_cc --test golden_nc
row b make demo
row c cargo test --locked -p euca-wsse
row c cargo test --locked -p euca-tests --test attacks
row e make --directory tests/bench/gsoap
row f,g target/release/measure reboot
row h target/release/measure hanging
row i target/release/measure mixed
row j target/release/measure idle
row k target/release/measure start
row l target/release/measure kill
row m cargo bench --locked -p euca-store
row n make simulate
row o cargo test --locked -p euca-tests --test cluster
row p target/release/measure refresh
row q target/release/measure baseline
row r target/release/measure staging
row r target/release/measure launch
row s target/release/measure crowd
row t cargo test --locked -p euca-tests --test faults
row u target/release/measure networks
row v env PROPTEST_CASES=100000 cargo test --locked -p euca-vnet-host --all-features --test properties
row v env PROPTEST_CASES=100000 cargo test --locked -p euca-vnet no_address
row w cargo test --locked -p euca-vnet-host --all-features
row w cargo test --locked -p euca-tests --test networks
row - target/release/euca-sim scale

if (( ${#missed[@]} )); then
    printf 'bench: missed: %s\n' "${missed[@]}" >&2
    exit 1
fi
