#!/bin/bash
# Measures every figure of SPEC.md and prints it with its target's letter. Takes about half an hour, and
# means something only on a machine with nothing else to do.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --release --locked -p euca-cc-daemon -p euca-nc-daemon -p euca-sim -p euca-tests -p euca-bench
tests/guest/build-guest.sh target/guest
for measure in reboot hanging mixed idle start kill baseline crowd; do
    target/release/measure "$measure"
done
target/release/euca-sim scale
make --directory tests/bench/gsoap
# Last, because they fail where their targets are missed.
target/release/measure staging
target/release/measure refresh
