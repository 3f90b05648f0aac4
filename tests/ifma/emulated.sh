#!/bin/sh
# emulated.sh [DIR]: boots a Debian kernel under Bochs as a processor with AVX-512 IFMA and runs there `ifma-check`, then the unit tests that
# need the backend. It needs the packages named below, is no part of the check, and takes some minutes of one core
# (EMULATED_FILTER picks other tests, an empty one none). DIR keeps the image and the console; without it they are thrown away.
#
# Public vectors are taken from WARD_VECTORS or beside the tree (docs/testing.md), where they are there.
# Exit: 0 all held, 1 something did not, 7 a package is missing.
set -eu
cd "$(dirname "$0")/../.."
filter=${EMULATED_FILTER-@(ifma_kernel/*|ed25519_grid/ifma_*)}
for package in bochs bochsbios vgabios grub-pc-bin grub-common xorriso mtools busybox-static cpio; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing="${missing:-}$package "
done
[ -z "${missing:-}" ] || { echo "emulated.sh: apt-get install --no-install-recommends $missing" >&2; exit 7; }

work=${1:-$(mktemp -d)}
[ $# -gt 0 ] || trap 'rm -rf "$work"' EXIT
mkdir -p "$work/root/bin" "$work/root/proc" "$work/root/dev" "$work/root/tmp" "$work/iso/boot/grub"

# The kernel comes from its package, unpacked and not installed.
kernel=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends:/ { print $2; exit }')
ls "$work"/linux-image-*.deb >/dev/null 2>&1 || (cd "$work" && apt-get -qq download "$kernel")
dpkg-deb -x "$work"/linux-image-*.deb "$work/kernel"
cp "$work"/kernel/boot/vmlinuz-* "$work/iso/boot/vmlinuz"

make -s ifma-check build/release/ward-tests
cp /bin/busybox build/release/ifma-check "$work/root/bin/"
strip -o "$work/root/bin/ward-tests" build/release/ward-tests
ldd build/release/ward-tests | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$work/root$(dirname "$library")"
    cp -L "$library" "$work/root$library"
done
mkdir -p "$work/root/ward/tests"
cp -r tests/vectors "$work/root/ward/tests/"
for vectors in "${WARD_VECTORS:-../vectors}" ../*/vectors; do
    [ ! -d "$vectors" ] || { cp -rL "$vectors" "$work/root/vectors" && break; }
done

cat >"$work/root/init" <<EOF
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs none /dev
/bin/busybox mkdir -p /dev/shm
/bin/busybox mount -t tmpfs none /dev/shm
/bin/busybox ip link set lo up
/bin/ifma-check
echo "emulated: ifma-check \$?"
if [ -n '$filter' ]; then
    cd /ward
    /bin/ward-tests --quiet -j1 --timeout 7200 --tap=/tmp/tap --filter '$filter'
    code=\$?
    /bin/busybox grep -E '^(ok|not ok)' /tmp/tap | /bin/busybox grep -v 'SKIP test was skipped'
    echo "emulated: ward-tests \$code"
fi
/bin/busybox sleep 1 # the console writes what it still has
/bin/busybox poweroff -f
EOF
chmod +x "$work/root/init"
(cd "$work/root" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/iso/boot/initrd"
# What this emulator lacks and a kernel would look for is said to be absent.
cat >"$work/iso/boot/grub/grub.cfg" <<'EOF'
serial --unit=0 --speed=115200
terminal_output serial
set timeout=0
menuentry ward {
    linux /boot/vmlinuz console=ttyS0 nokaslr mitigations=off no_timer_check quiet clearcpuid=aperfmperf,pku,xsavec,xsaves,pcid
    initrd /boot/initrd
}
EOF
grub-mkrescue -o "$work/ward.iso" "$work/iso" >"$work/mkrescue.log" 2>&1
cat >"$work/bochsrc" <<EOF
megs: 2048
cpu: model=corei3_cnl, count=1, ips=50000000, reset_on_triple_fault=0
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/vgabios/vgabios-stdvga.bin
display_library: rfb, options="timeout=0"
ata0-master: type=cdrom, path=$work/ward.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$work/console
clock: sync=none
log: $work/bochs.log
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
EOF
echo c >"$work/begin"
bochs -q -f "$work/bochsrc" -rc "$work/begin" >"$work/bochs.out" 2>&1 </dev/null || true
tr -d '\r' <"$work/console" | grep -a -E '^(ok|not ok|all facts|emulated:)' || true
grep -a -q 'emulated: ifma-check 0' "$work/console" || exit 1
[ -z "$filter" ] || grep -a -q 'emulated: ward-tests 0' "$work/console" || exit 1
