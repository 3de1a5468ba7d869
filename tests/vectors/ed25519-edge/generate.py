#!/usr/bin/env python3
"""Writes points.txt: Ed25519 signatures whose A and R are special points, with libaim's verdict.

Every A of {14 encodings of small-order points, 8 keys a*B + torsion} meets every R of the same kind,
once with the low-order parts of R and k*A cancelling out and once not (where both exist). Verdicts come
from integer arithmetic over the curve of RFC 8032 section 5.1, not from the library under test.

Usage: generate.py > points.txt
"""
import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
IDENTITY = (0, 1, 1, 0)


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(n, p):
    out = IDENTITY
    while n > 0:
        if n & 1:
            out = add(out, p)
        p = add(p, p)
        n >>= 1
    return out


def equal(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


def decode(data):
    """As leniently as an encoding can be read: y modulo p, -0 is 0. None when not on the curve."""
    value = int.from_bytes(data, "little")
    sign, y = value >> 255, value % 2**255 % P
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * ROOT % P
    if (x * x - x2) % P:
        return None
    if x & 1 != sign:
        x = -x % P
    return (x, y, 1, x * y % P)


def encode(p):
    inverse = pow(p[2], P - 2, P)
    x, y = p[0] * inverse % P, p[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def flaw(data):
    point = decode(data)
    if encode(point) != data:
        return "not canonical"
    return "small order" if equal(times(8, point), IDENTITY) else None


def sha512_mod_l(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % L


def torsion():
    """The eight points of order dividing 8, as multiples of the generator with the least encoding."""
    n = 0
    while True:
        n += 1
        point = decode(hashlib.sha256(b"torsion %d" % n).digest())
        if point is None:
            continue
        point = times(L, point)
        if not equal(times(4, point), IDENTITY):
            break
    generator = min((times(j, point) for j in (1, 3, 5, 7)), key=encode)
    return [times(j, generator) for j in range(8)]


def not_canonical(low):
    """The other encodings of the same points: y not reduced, or the sign of x = 0 set."""
    found = []
    candidates = [(y | s << 255).to_bytes(32, "little") for y in range(P, 2**255) for s in (0, 1)]
    candidates += [encode(p)[:31] + bytes([encode(p)[31] ^ 0x80]) for p in low]
    for data in candidates:
        point = decode(data)
        if point is None or encode(point) == data or data in found:
            continue
        if equal(times(8, point), IDENTITY):
            found.append(data)
    return found


def special(low, scalar, base):
    """(encoding, multiple of B, multiple of the torsion generator, flaw)"""
    index = {encode(p): j for j, p in enumerate(low)}
    out = [(e, 0, j, flaw(e)) for e, j in index.items()]
    out += [(e, 0, index[encode(decode(e))], flaw(e)) for e in not_canonical(low)]
    mixed = [encode(add(times(scalar, base), p)) for p in low]
    return out + [(e, scalar, j, None) for j, e in enumerate(mixed)]


def messages(a, r):
    """The first message whose low-order parts cancel out and the first whose do not."""
    found = {}
    for n in range(200):
        message = b"edge %d" % n
        k = sha512_mod_l(r[0], a[0], message)
        residue = (r[2] + k * a[2]) % 8 != 0
        found.setdefault(residue, (message, (r[1] + k * a[1]) % L, k))
    return [found[key] for key in sorted(found)]


def verdict(a, r, s, k, base):
    if a[3]:
        return "key", "A: " + a[3]
    if r[3]:
        return "signature", "R: " + r[3]
    left, right = times(s, base), add(decode(r[0]), times(k, decode(a[0])))
    if equal(left, right):
        return "ok", "mixed or prime order, residue cancels out"
    assert equal(times(8, left), times(8, right))
    return "signature", "valid only with the cofactor"


def main():
    base = decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    low = torsion()
    secrets = [int.from_bytes(hashlib.sha256(t).digest(), "little") % L
               for t in (b"libaim edge key", b"libaim edge nonce")]
    keys, nonces = special(low, secrets[0], base), special(low, secrets[1], base)
    print("# public key, message, signature, verdict, why. Made by generate.py.")
    for a in keys:
        for r in nonces:
            for message, s, k in messages(a, r):
                status, why = verdict(a, r, s, k, base)
                signature = r[0] + s.to_bytes(32, "little")
                print(a[0].hex(), message.hex(), signature.hex(), status, "#", why)


main()
