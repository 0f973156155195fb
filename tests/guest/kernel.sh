#!/bin/bash
# Unpacks the kernel of Debian's linux-image-cloud-amd64, which is downloaded and never installed:
#
#     kernel.sh DIR
#
# leaves DIR/boot and DIR/lib/modules as they are in its package.
set -euo pipefail

out=${1:?usage: kernel.sh DIR}
mkdir -p "$out"
work=$(mktemp -d "$out/.package.XXXXXX")
trap 'rm -rf "$work"' EXIT

package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image-/ { print $2; exit }')
[[ -n $package ]] || { echo "kernel: apt knows no linux-image-cloud-amd64; run apt-get update" >&2; exit 1; }
(cd "$work" && apt-get -qq -o APT::Sandbox::User=root download "$package")
dpkg-deb --extract "$work"/linux-image-*.deb "$out"
