"""Runs the HTTP examples against each other on a loopback port: with_http.py SERVER CLIENT. What is signed and new is
answered with 200; a changed body, a replay, a stale or missing signature, and another key with 401 and the one text."""
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

# RFC 8032 §7.1, TEST 1 and TEST 2.
SEED = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
PUBLIC = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
OTHER_SEED = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"
BODY = '{"jsonrpc":"2.0","id":1,"method":"tools/call"}'


def post(url, body, headers):
    request = urllib.request.Request(url, data=body.encode(), headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode()


def write_key(folder, name, seed):
    path = os.path.join(folder, name)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as f:
        f.write(seed)
    return path


def check(url, client, folder):
    key, other = write_key(folder, "key", SEED), write_key(folder, "other", OTHER_SEED)

    def run(to, key_file, *more):
        r = subprocess.run([client, to, key_file, BODY, *more], capture_output=True, text=True, timeout=60, check=False)
        return r, dict(line.split(": ", 1) for line in r.stdout.splitlines()[:2])

    def send(key_file, *more, expected):
        r, headers = run(url, key_file, *more)
        assert (r.returncode == 0) == (expected == 200) and r.stdout.splitlines()[-1] == str(expected), r
        assert expected == 200 or "Invalid MCP signature" in r.stdout, r
        return headers

    refused = (401, "Invalid MCP signature")
    headers = send(key, expected=200)
    assert post(url, BODY, headers) == refused, "a replay"
    assert post(url, BODY, {}) == refused, "no signature"
    r, headers = run("http://127.0.0.1:1/", key, str(int(time.time()) + 30))  # signed, and sent to nobody
    assert r.returncode == 1, r
    assert post(url, BODY.replace("1", "2"), headers) == refused, "a changed body"
    assert post(url, BODY, headers)[0] == 200, "the body that was signed"
    send(other, expected=401)
    send(key, str(int(time.time()) - 3600), expected=401)
    send(key, str(int(time.time()) + 3600), expected=401)
    fresh = str(int(time.time()) + 60)  # another second than before: another signature
    send(key, fresh, expected=200)
    send(key, fresh, expected=401)


def main(server, client):
    with tempfile.TemporaryDirectory() as folder:
        with subprocess.Popen([server, PUBLIC], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            try:
                check(f"http://127.0.0.1:{int(process.stdout.readline())}/mcp", client, folder)
            finally:
                process.stdin.close()
                code = process.wait(60)
    return code


sys.exit(main(*sys.argv[1:3]))
