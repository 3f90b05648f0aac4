#!/bin/sh
# bench_crypto.sh TAP: `ward-bench crypto` measures every backend that can run here, names those that cannot, and takes no library into the daemon.
name=bench_crypto
. "$(dirname "$0")/kit"
cd "$work" || exit 1

timeout 120 "$bin/ward-bench" crypto --quick --json >crypto.json 2>crypto.err
check $? "it ends with 0"
[ "$(sed -n 2p crypto.json)" = '  "schema": "ward.bench.crypto/1",' ] && [ ! -s crypto.err ]
check $? "it prints one object and nothing else"
missing=""
for field in processor compiler libsodium openssl repeats absent rows backend method keys n us us_low us_high ratio_libsodium; do
    grep -q "^ *\"$field\": " crypto.json || missing="$missing $field"
done
[ -z "$missing" ]
check $? "every name of the object is there:$missing"
missing=""
for backend in libsodium openssl ref avx2 ifma; do
    grep -q "^ *\"backend\": \"$backend\"" crypto.json || missing="$missing $backend"
done
[ -z "$missing" ]
check $? "each backend has rows or a reason:$missing"
for backend in avx2 ifma; do
    tr -d '\n' <crypto.json | grep -qE "\"backend\": \"$backend\", *\"method\"" && measured=yes || measured=no
    tr -d '\n' <crypto.json | grep -qE "\"backend\": \"$backend\", *\"reason\"" && absent=yes || absent=no
    [ "$measured" != "$absent" ]
    check $? "$backend is measured or absent, never both (measured: $measured)"
    if [ "$absent" = yes ]; then
        expect 7 "$backend" "to ask for $backend alone is refused where it cannot run" "$bin/ward-bench" crypto --quick --backend "$backend"
    fi
done
tr -d '\n ' <crypto.json | grep -qF '"backend":"ref","method":"spoilt","keys":"distinct","n":64'
check $? "what a bad signature costs has a row"
! grep -qE '"(us|us_low|us_high|ratio_libsodium)": (0|0\.0|-.*),?$' crypto.json
check $? "no figure is zero"
"$bin/ward-bench" crypto --quick --backend ref >table.txt 2>&1 && grep -q '^ref  *single  *distinct  *1 ' table.txt && ! grep -q '^avx2  ' table.txt
check $? "one backend alone, as a table"
expect 2 'repeats' "no repeats are refused" "$bin/ward-bench" crypto --repeats 0
ldd "$bin/ward-bench" | grep -q libcrypto && ! ldd "$bin/wardd" | grep -q libcrypto
check $? "only the benchmark links OpenSSL"
exit 0
