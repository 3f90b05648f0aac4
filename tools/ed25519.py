#!/usr/bin/env python3
"""ed25519.py table | vectors: writes the base point's table (crypto/ed25519/ref/base_table.c) or the vectors of
tests/vectors/ed25519.json to standard output. The build does not need it; tests check what it wrote against a model in C.
Everything here follows from the curve's definition: big integers, affine points, no tricks."""
import hashlib
import json
import sys

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
I = pow(2, (P - 1) // 4, P)


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    w = D * x1 * x2 * y1 * y2 % P
    return ((x1 * y2 + x2 * y1) * pow(1 + w, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - w, -1, P) % P)


def negate(a):
    return (-a[0] % P, a[1])


def multiply(k, a):
    out = (0, 1)
    while k:
        if k & 1:
            out = add(out, a)
        a = add(a, a)
        k >>= 1
    return out


def root(square):
    """The even root of a square, or None."""
    x = pow(square, (P + 3) // 8, P)
    for candidate in (x, x * I % P):
        if candidate * candidate % P == square % P:
            return candidate if candidate % 2 == 0 else P - candidate
    return None


def decode(data):
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number % 2**255 % P
    x = root((y * y - 1) * pow(D * y * y + 1, -1, P))
    if x is None:
        return None
    return (x if x % 2 == sign else -x % P, y)


def encode(a):
    return (a[1] | (a[0] % 2) << 255).to_bytes(32, "little")


B = decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def challenge(key, r, digest):
    return int.from_bytes(hashlib.sha512(r + key + digest).digest(), "little") % L


def verify(key, digest, signature):
    """ZIP-215."""
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    big_a, big_r = decode(key), decode(r)
    if s >= L or big_a is None or big_r is None:
        return False
    k = challenge(key, r, digest)
    difference = add(multiply(s, B), negate(add(big_r, multiply(k, big_a))))
    return multiply(8, difference) == (0, 1)


def limbs(value):
    return ", ".join("UINT64_C(0x%013x)" % (value >> 51 * i & 2**51 - 1) for i in range(5))


def table():
    print("/* base_table.c: the odd multiples of the base point; written by tools/ed25519.py table. */")
    print('#include "crypto/ed25519/ref/point.h"\n')
    print("const struct point_affine point_base_table[POINT_BASE_ENTRIES] = {")
    point, twice = B, add(B, B)
    for i in range(64):
        x, y = point
        print("    /* %d B */" % (2 * i + 1))
        print("    { { { %s } }," % limbs((y + x) % P))
        print("      { { %s } }," % limbs((y - x) % P))
        print("      { { %s } } }," % limbs(2 * D * x * y % P))
        point = add(point, twice)
    print("};")


def random(name, size=64):
    return hashlib.shake_256(b"ward test vectors " + name.encode()).digest(size)


def torsion():
    """The eight points of small order, as multiples of one of order eight."""
    i = 0
    while True:
        point = decode(random("torsion %d" % i, 32))
        i += 1
        if point is not None and multiply(4 * L, point) != (0, 1):
            return [multiply(n * L, point) for n in range(8)]


class Vectors:
    def __init__(self):
        self.rows = []

    def put(self, name, key, digest, signature, valid):
        assert verify(key, digest, signature) == valid, name
        self.rows.append({"name": name, "key": key.hex(), "digest": digest.hex(), "signature": signature.hex(), "valid": valid})


class Signer:
    """A key whose parts can be bent: torsion on A or R, other encodings, other S."""

    def __init__(self, name):
        self.secret = int.from_bytes(random(name + " secret"), "little") % L
        self.nonce = int.from_bytes(random(name + " nonce"), "little") % L
        self.digest = random(name + " digest", 32)
        self.a, self.r = multiply(self.secret, B), multiply(self.nonce, B)

    def sign(self, key, r):
        """The S that is right for these very bytes, as a number."""
        return (self.nonce + challenge(key, r, self.digest) * self.secret) % L


def number(value):
    return value.to_bytes(32, "little")


def vectors_torsion(out, small):
    for i in range(8):
        for j in range(8):
            signer = Signer("torsion %d %d" % (i, j))
            key, r = encode(add(signer.a, small[i])), encode(add(signer.r, small[j]))
            s = signer.sign(key, r)
            out.put("torsion %d on A, %d on R" % (i, j), key, signer.digest, r + number(s), True)
            if i + j < 3:
                out.put("torsion %d on A, %d on R, S + 1" % (i, j), key, signer.digest, r + number((s + 1) % L), False)
    for i in range(8):
        signer = Signer("small A %d" % i)
        signer.secret = 0
        key, r = encode(small[i]), encode(signer.r)
        out.put("A is small point %d" % i, key, signer.digest, r + number(signer.sign(key, r)), True)
        signer = Signer("small R %d" % i)
        signer.nonce = 0
        key, r = encode(signer.a), encode(small[i])
        out.put("R is small point %d" % i, key, signer.digest, r + number(signer.sign(key, r)), True)


def vectors_scalar(out):
    for name, s in (("L", L), ("L + 1", L + 1), ("2^252", 2**252), ("2^253 - 1", 2**253 - 1), ("2^253", 2**253), ("2^255", 2**255), ("2^256 - 1", 2**256 - 1)):
        out.put("S = " + name + ", A and R zero", number(1), random(name, 32), number(1) + number(s), s < L and s == 0)
    # R = s B - k A for an S chosen at will: the extremes of the legal range are accepted, their twins plus L are not.
    for s in (0, 1, 8, 2**251, 2**252 - 1, 2**252, L - 2, L - 1):
        signer = Signer("S %d" % s)
        signer.secret = 0
        key, r = number(1), encode(multiply(s, B))
        out.put("S = %d" % s, key, signer.digest, r + number(s), True)
        if s + L < 2**256:
            out.put("S = %d + L" % s, key, signer.digest, r + number(s + L), False)
    for multiple in range(1, 16):
        signer = Signer("malleable %d" % multiple)
        key, r = encode(signer.a), encode(signer.r)
        s = signer.sign(key, r)
        out.put("S as signed, %d" % multiple, key, signer.digest, r + number(s), True)
        if s + multiple * L < 2**256:
            out.put("S + %d L" % multiple, key, signer.digest, r + number(s + multiple * L), False)
    signer = Signer("high bits")
    key, r = encode(signer.a), encode(signer.r)
    s = signer.sign(key, r)
    for bit in (253, 254, 255):
        out.put("S with bit %d set" % bit, key, signer.digest, r + number(s | 1 << bit), False)


def vectors_encoding(out):
    """Every y from p to 2^255 - 1 with either sign, as A and as R."""
    for y in range(P, 2**255):
        for sign in (0, 1):
            data = number(y | sign << 255)
            point = decode(data)
            name = "p + %d, sign %d" % (y - P, sign)
            signer = Signer(name)
            if point is None:
                out.put("A = " + name + ", not on the curve", data, signer.digest, encode(signer.r) + number(0), False)
                out.put("R = " + name + ", not on the curve", encode(signer.a), signer.digest, data + number(0), False)
                continue
            if multiply(8, point) != (0, 1):
                # Nobody knows the discrete logarithm of such a key, so nobody can make a signature for it.
                out.put("A = " + name + ", on the curve, no signature", data, signer.digest, encode(signer.r) + number(0), False)
                continue
            signer.secret = 0
            out.put("A = " + name, data, signer.digest, encode(signer.r) + number(signer.sign(data, encode(signer.r))), True)
            signer = Signer(name)
            signer.nonce = 0
            out.put("R = " + name, encode(signer.a), signer.digest, data + number(signer.sign(encode(signer.a), data)), True)
    for sign in (0, 1):
        for y in (1, P - 1):
            data = number(y | sign << 255)
            signer = Signer("x = 0 y = %d sign %d" % (y, sign))
            signer.secret = 0
            name = "x = 0, y = %s, sign %d" % ("1" if y == 1 else "-1", sign)
            out.put("A: " + name, data, signer.digest, encode(signer.r) + number(signer.nonce), True)
            signer = Signer(name)
            signer.nonce = 0
            out.put("R: " + name, encode(signer.a), signer.digest, data + number(signer.sign(encode(signer.a), data)), True)
    # The hash covers the bytes as received: a verifier that encodes A anew would compute another k.
    signer = Signer("hash of what is received")
    signer.a = (0, P - 1)
    signer.secret = 0
    for data in (number(P - 1), number(P - 1 | 1 << 255)):
        out.put("other encoding of A, same S", data, signer.digest, encode(signer.r) + number(signer.nonce), True)


def vectors_wrong(out):
    """Points off the curve, other messages, other keys, and flips of a bit at each byte."""
    found = 0
    for i in range(64):
        data = random("off the curve %d" % i, 32)
        if decode(data) is None and found < 8:
            found += 1
            signer = Signer("off %d" % i)
            key, r = encode(signer.a), encode(signer.r)
            out.put("A off the curve %d" % found, data, signer.digest, r + number(signer.sign(data, r)), False)
            out.put("R off the curve %d" % found, key, signer.digest, data + number(signer.sign(key, data)), False)
    signer, other = Signer("wrong"), Signer("other")
    key, r = encode(signer.a), encode(signer.r)
    s = signer.sign(key, r)
    out.put("right", key, signer.digest, r + number(s), True)
    out.put("another digest", key, other.digest, r + number(s), False)
    out.put("another key", encode(other.a), signer.digest, r + number(s), False)
    out.put("R negated", key, signer.digest, encode(negate(signer.r)) + number(s), False)
    out.put("S negated", key, signer.digest, r + number(L - s), False)
    out.put("R and S negated", key, signer.digest, encode(negate(signer.r)) + number(L - s), False)
    out.put("A negated", encode(negate(signer.a)), signer.digest, r + number(s), False)


def vectors():
    out = Vectors()
    vectors_torsion(out, torsion())
    vectors_scalar(out)
    vectors_encoding(out)
    vectors_wrong(out)
    print("[")
    print(",\n".join(json.dumps(row) for row in out.rows))
    print("]")


if __name__ == "__main__":
    {"table": table, "vectors": vectors}[sys.argv[1]]()
