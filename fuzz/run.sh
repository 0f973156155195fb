#!/bin/sh
# run.sh TARGET EXECUTIONS: fuzzes one target, from the committed corpus. 0 only replays what is known.
# run.sh TARGET minimise:   replaces the committed corpus by a minimal one that covers what was found.
# run.sh seeds:             adds the recordings to the committed corpora.
#
# Needs cargo-fuzz. Works with the stable compiler: the unstable flags it passes are unlocked. The targets and what
# they call have no unsafe code, so the sanitizer is off by default; SANITIZER=address switches it on.
set -eu
cd "$(dirname "$0")"
export RUSTC_BOOTSTRAP=1
target=$1
if [ "$target" = seeds ]; then
    exec cargo run --quiet --release --bin seed -- corpus
fi
found=target/found/$target
mkdir -p "$found" "corpus/$target"
case $2 in
minimise)
    mkdir -p "target/minimal/$target"
    rm -f "target/minimal/$target"/*
    cargo fuzz run --sanitizer "${SANITIZER:-none}" "$target" \
        "target/minimal/$target" "corpus/$target" "$found" -- -set_cover_merge=1 -use_counters=0 -max_len="${MAX_LEN:-32768}"
    rm -rf "corpus/$target"
    cp -r "target/minimal/$target" "corpus/$target"
    ;;
*)
    exec nice -n 19 cargo fuzz run --sanitizer "${SANITIZER:-none}" "$target" "$found" "corpus/$target" -- \
        -runs="$2" -max_len="${MAX_LEN:-16384}" -timeout=5 -rss_limit_mb=1024 -print_final_stats=1
    ;;
esac
