#!/bin/bash
# Runs a program as root of a small virtual machine, with a kernel that has what a site's network takes: VLANs,
# WireGuard, VXLAN, the firewall.
#
#     run.sh PROGRAM [ARGUMENT...]
#
# Prints what the program prints and exits as it does; with 125 when it has not ended in ten minutes, or not at all.
# The machine has the kernel of Debian's linux-image-cloud-amd64, of this host the programs named below, and nothing
# that lasts; it needs no KVM. What does not depend on PROGRAM is kept in target/lab; several may run at once.
set -euo pipefail

program=${1:?usage: run.sh PROGRAM [ARGUMENT...]}
shift
here=$(cd "$(dirname "$0")" && pwd)
out=$here/../../target/lab
PATH=$PATH:/usr/sbin:/sbin

# Copies files, and the libraries they take, to where they are on this host, below a folder.
copy_to() {
    local root=$1 file library
    shift
    for file in "$@"; do
        install -D "$file" "$root$(place "$file")"
        { ldd "$file" 2> /dev/null || true; } | awk '$(NF-1) ~ /^\// { print $(NF-1) }' | while read -r library; do
            [[ -e $root$(place "$library") ]] || install -D "$library" "$root$(place "$library")"
        done
    done
}

# The path of a file without links to folders: an archive must not put a folder in place of a link.
place() {
    echo "$(realpath "$(dirname "$1")")/$(basename "$1")"
}

archive() {
    (cd "$1" && find . | LC_ALL=C sort | busybox cpio -o -H newc 2> /dev/null)
}

programs=()
for name in busybox ip bridge xtables-nft-multi wg vtund dnsmasq dhcpd; do
    path=$(command -v "$name") || { echo "lab: no $name here; see tests/setup.sh" >&2; exit 125; }
    programs+=("$(place "$path")")
done
plugins=(/usr/lib/x86_64-linux-gnu/{xtables/*,ossl-modules/legacy}.so)
data=(/etc/protocols /etc/services /etc/passwd /etc/group)

mkdir -p "$out"
exec 9> "$out/.lock"
flock 9
version=$(cat "$0" "$here/init" "$here/../guest/kernel.sh" "${programs[@]}" "${plugins[@]}" "${data[@]}" | sha256sum)
work=$(mktemp -d "$out/.work.XXXXXX")
trap 'rm -rf "$work"' EXIT

if [[ ! -f $out/.version || $(< "$out/.version") != "$version" ]]; then
    rm -f "$out/.version"
    "$here/../guest/kernel.sh" "$work/package"
    release=$(basename "$work"/package/lib/modules/*)
    root=$work/base
    mkdir -p "$root"/{proc,sys,dev,run,tmp,var,etc,lab,usr/{bin,sbin,lib,lib64}}
    ln -s usr/bin "$root/bin"
    ln -s usr/sbin "$root/sbin"
    ln -s usr/lib "$root/lib"
    ln -s usr/lib64 "$root/lib64"
    ln -s ../run "$root/var/run"
    busybox --list | while read -r applet; do
        ln -s busybox "$root/usr/bin/$applet"
    done
    for applet in ifconfig modprobe poweroff; do ln -s ../bin/busybox "$root/usr/sbin/$applet"; done
    rm "$root"/usr/bin/{busybox,ip}
    copy_to "$root" "${programs[@]}" "${plugins[@]}" "${data[@]}"
    for name in iptables iptables-save iptables-restore ebtables ebtables-save ebtables-restore; do
        ln -s xtables-nft-multi "$root/usr/sbin/$name"
    done
    modules=lib/modules/$release/kernel
    for part in net/{8021q,802,bridge,core,ipv4,ipv6,llc,netfilter} drivers/net/{dummy.ko,tun.ko,veth.ko,vxlan,wireguard} \
        crypto lib arch/x86/crypto; do
        mkdir -p "$root/$modules/$(dirname "$part")"
        [[ ! -e $work/package/$modules/$part ]] || cp -r "$work/package/$modules/$part" "$root/$modules/$part"
    done
    cp "$work/package/lib/modules/$release"/modules.{builtin,order} "$root/lib/modules/$release/"
    busybox depmod -b "$root" "$release"
    install -m 0755 "$here/init" "$root/init"
    archive "$root" > "$work/ramdisk"
    mv "$work"/package/boot/vmlinuz-* "$out/kernel"
    mv "$work/ramdisk" "$out/"
    printf '%s\n' "$version" > "$out/.version"
fi
cp "$out/kernel" "$work/"
# The kernel unpacks one archive after the other.
mkdir -p "$work/own/lab"
for argument in "$@"; do printf '%s\n' "$argument"; done > "$work/own/lab/arguments"
strip --strip-debug -o "$work/own/lab/program" "$program"
copy_to "$work/own" "$(realpath "$program")"
rm "$work/own$(realpath "$program")"
{ cat "$out/ramdisk"; archive "$work/own"; } > "$work/ramdisk"
flock -u 9

result=125
while IFS= read -r line; do
    line=${line%$'\r'}
    if [[ $line == *"LAB-RESULT "* ]]; then
        result=${line##*LAB-RESULT }
    else
        printf '%s\n' "$line"
    fi
done < <(timeout --kill-after=5 2400 qemu-system-x86_64 -accel tcg -cpu max -m 768 -smp 2 -nodefaults \
    -no-user-config -no-reboot -display none -serial stdio -kernel "$work/kernel" -initrd "$work/ramdisk" \
    -append "console=ttyS0 quiet loglevel=1 panic=-1" < /dev/null 2>&1 || true)
exit "$result"
