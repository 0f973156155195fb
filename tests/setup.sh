#!/bin/bash
# Installs what building and testing need on Debian 12, only what is missing, as root or through sudo. The Rust
# toolchain (1.90 or newer) has to be there.
set -euo pipefail

command -v cargo > /dev/null || { echo "setup: no cargo; install Rust 1.90 or newer (rustup.rs)" >&2; exit 1; }

packages=(
    # build
    build-essential pkg-config libssl-dev libvirt-dev
    # daemons and guests
    libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients qemu-system-x86 qemu-utils busybox-static iproute2 util-linux
    open-iscsi systemd e2fsprogs fuse3
    # networks
    iptables isc-dhcp-server dnsmasq-base wireguard-tools vtun
    # independent implementations that the tests are held against
    fdisk xfsprogs mtools dosfstools xmlsec1 default-jdk-headless libwss4j-java gsoap libgsoap-dev python3-venv
)

missing=()
for package in "${packages[@]}"; do
    status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2> /dev/null || true)
    [[ $status == installed ]] || missing+=("$package")
done
if (( ${#missing[@]} )); then
    root=()
    (( EUID == 0 )) || root=(sudo)
    "${root[@]}" apt-get update -qq
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

# Python peers, in an environment of their own.
cd "$(dirname "$0")/.."
environment=target/interop-venv
requirements=tests/interop/wsse/requirements.txt
if ! cmp -s "$requirements" "$environment/installed.txt"; then
    mkdir -p target
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --requirement "$requirements"
    cp "$requirements" "$environment/installed.txt"
fi
