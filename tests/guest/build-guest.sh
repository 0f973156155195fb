#!/bin/bash
# Builds the guest that the end-to-end tests boot:
#
#     build-guest.sh OUTDIR
#
# leaves OUTDIR/kernel, OUTDIR/ramdisk and OUTDIR/root.img: the kernel of Debian's linux-image-cloud-amd64
# (its package is downloaded and unpacked, never installed), an initramfs of busybox-static with ./init, and a
# root image of 2 MiB, ext2 with an empty /root; its boot sector holds the boot counter. Does nothing when OUTDIR already holds what this version of the
# script builds; several may run at once.
set -euo pipefail

out=${1:?usage: build-guest.sh OUTDIR}
here=$(cd "$(dirname "$0")" && pwd)
busybox=$(command -v busybox) || { echo "build-guest: busybox-static is not installed" >&2; exit 1; }

mkdir -p "$out"
exec 9> "$out/.lock"
flock 9

version=$(cat "$0" "$here/kernel.sh" "$here/init" "$here/dhcp" "$busybox" | sha256sum | cut -d' ' -f1)
if [[ -f $out/.version && $(< "$out/.version") == "$version" ]]; then
    exit 0
fi
rm -f "$out/.version"

work=$(mktemp -d "$out/.build.XXXXXX")
trap 'rm -rf "$work"' EXIT

"$here/kernel.sh" "$work/package"

# A disk on virtio-blk, virtio-scsi or IDE, its file systems, and the power button; each module after those it depends on, which
# modules.dep lists nearest first.
release=$(basename "$work"/package/lib/modules/*)
"$busybox" depmod -b "$work/package" "$release"
root=$work/initramfs
mkdir -p "$root/bin" "$root/modules"
for wanted in virtio_pci virtio_net virtio_blk virtio_scsi ata_piix sd_mod ext4 button evdev; do
    awk -v wanted="$wanted.ko" -F '[: ]+' '{
        n = split($1, path, "/")
        if (path[n] == wanted) for (i = NF; i >= 1; i--) if ($i != "") print $i
    }' "$work/package/lib/modules/$release/modules.dep"
done | awk '!seen[$0]++' > "$work/modules"
while read -r module; do
    cp "$work/package/lib/modules/$release/$module" "$root/modules/"
    basename "$module" >> "$root/modules/order"
done < "$work/modules"
cp "$busybox" "$root/bin/busybox"
ln -s busybox "$root/bin/sh"
install -m 0755 "$here/init" "$root/init"
install -m 0755 "$here/dhcp" "$root/bin/dhcp"
(cd "$root" && find . | LC_ALL=C sort | "$busybox" cpio -o -H newc 2>/dev/null | gzip -1) > "$work/ramdisk"

mkdir -p "$work/files/root"
PATH=$PATH:/sbin:/usr/sbin mke2fs -q -t ext2 -E root_owner=0:0 -d "$work/files" "$work/root.img" 2M
printf 'EUCA-GUEST-COUNTER 0\n' | dd of="$work/root.img" conv=notrunc status=none

mv "$work"/package/boot/vmlinuz-* "$out/kernel"
mv "$work/ramdisk" "$work/root.img" "$out/"
printf '%s\n' "$version" > "$out/.version"
