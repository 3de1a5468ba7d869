"""http_signatures.py HTTP_PEER — signatures of libaim verified by another implementation of RFC 9421, and the reverse, on
requests and responses; then with one thing changed, which the verifier must notice. Output is TAP."""
import base64
import datetime
import subprocess
import sys
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, algorithms
from http_message_signatures.exceptions import InvalidSignature

PEER = sys.argv[1]
NOW = int(time.time())
KEY = Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode("n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU="))
DIGEST = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"
BODY = '{"hello": "world"}'


class Keys:
    def resolve_private_key(self, key_id):
        return KEY

    def resolve_public_key(self, key_id):
        return KEY.public_key()


class Message:
    def __init__(self, start, headers, request=None):
        self.start, self.headers, self.body = start, dict(headers), BODY.encode()
        if isinstance(start, int):
            self.status_code, self.request = start, request
        else:
            self.method, scheme, authority, path, *query = start
            self.url = f"{scheme}://{authority}{path}" + (f"?{query[0]}" if query else "")

    def text(self):
        start = str(self.start) if isinstance(self.start, int) else " ".join(self.start)
        lines = [start, *(f"{name}: {value}" for name, value in self.headers.items()), "=" + self.body.decode()]
        request = getattr(self, "request", None)
        return "\n".join(lines) + "\n" + ("--\n" + request.text() if request else "")


def request():
    return Message(("POST", "https", "example.com:8443", "/foo/b%20r", "param=Value&Pet=d+o%20g&empty="),
                   {"Host": "example.com:8443", "Date": "Tue, 20 Apr 2021 02:07:55 GMT", "Content-Digest": DIGEST,
                    "Priority": "u=1 ,  i", "Content-Type": "application/json"})


def response():
    return Message(200, {"Content-Type": "application/json", "Content-Digest": DIGEST}, request())


CASES = (
    ("a request", request, ["@method", "@target-uri", "content-digest", "date"]),
    ("every part of a target", request, ["@method", "@authority", "@scheme", "@request-target", "@path", "@query",
                                          '@query-param;name="Pet"', '@query-param;name="empty"']),
    ("structured fields", request, ["@method", "priority;sf", 'priority;key="u"', 'content-digest;key="sha-256"']),
    ("a response", response, ["@status", "content-digest"]),
    ("a response bound to its request", response, ["@status", "content-digest", "@method;req", "@target-uri;req",
                                                   "content-digest;req"]),
)


def quoted(component):
    name, *parameters = component.split(";")
    return ";".join([f'"{name}"', *parameters])


def peer(*arguments, message):
    run = subprocess.run([PEER, *arguments], input=message.text(), text=True, capture_output=True, timeout=60)
    return run.returncode, run.stdout.splitlines(), run.stderr


def change(message):
    message.headers["Content-Digest"] = DIGEST.replace("X48", "X49")
    message.headers["Priority"] = "u=2, i=?0"
    if isinstance(message.start, int):
        message.start = message.status_code = 201
    else:
        message.start = ("PUT", *message.start[1:])
        message.method = "PUT"


# Each returns None when the message was found valid, else what was said against it.

def ours_by_other(make, components, changed):
    message = make()
    code, lines, problem = peer("sign", str(NOW), "sig1", *components, message=message)
    if code:
        raise SystemExit(f"http_peer sign: {problem}")
    message.headers["Signature-Input"], message.headers["Signature"] = lines
    if changed:
        change(message)
    try:
        HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=Keys()).verify(message)
    except InvalidSignature as problem:
        return repr(problem)


def other_by_ours(make, components, changed):
    message = make()
    signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=Keys())
    signer.sign(message, key_id="test-key-ed25519", created=datetime.datetime.fromtimestamp(NOW), label="their",
                nonce="n-1", use_existing_digest=True, covered_component_ids=[quoted(component) for component in components])
    if changed:
        change(message)
    code, _, problem = peer("verify", str(NOW + 1), *components, message=message)
    return problem if code else None


def main():
    n = failed = 0
    for name, make, components in CASES:
        for direction in ours_by_other, other_by_ours:
            for changed in False, True:
                problem = direction(make, components, changed)
                good = (problem is not None) == changed
                n, failed = n + 1, failed + (not good)
                print(f"{'ok' if good else 'not ok'} {n} - {name}, {direction.__name__.replace('_', ' ')}"
                      + (", changed" if changed else ""))
                if not good:
                    print(f"# {problem or 'accepted although changed'}")
    print(f"1..{n}")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
