"""Runs the REST example on a loopback port: with_rest.py SERVER ATTEST. The calls of docs/mcp-documents.md, and what they refuse."""
import http.client
import json
import subprocess
import sys

KEY = "correct horse battery staple"
# RFC 8032 §7.1, TEST 1.
SEED = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
PUBLIC = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"


class Api:
    def __init__(self, port):
        self.port = port

    def raw(self, method, path, body=None, key=KEY):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, json.loads(text)

    def __call__(self, expected, method, path, body=None, **kwargs):
        status, value = self.raw(method, path, json.dumps(body) if isinstance(body, dict) else body, **kwargs)
        assert status == expected, (method, path, status, value)
        return value


def check_servers(api):
    server = api(201, "POST", "/mcp-servers", {
        "name": "weather", "url": "https://weather.example/mcp", "display_name": "Weather \"now\"", "capabilities": ["tools"],
        "description": "says it", "version": "1", "verification_url": "https://weather.example/verify"})
    assert server["status"] == "pending" and server["confidence"] == 0 and server["id"].startswith("srv_")
    taken = api(409, "POST", "/mcp-servers", {"name": "weather", "url": "https://other.example"})
    assert taken["error"] == "AIM_E_EXISTS" and server["id"] in taken["message"]
    assert api(400, "POST", "/mcp-servers", {"name": "x", "url": "https://x.example", "public_key": "zz"})["error"] == "AIM_E_KEY"
    assert api(400, "POST", "/mcp-servers", {"name": "x", "url": "ftp://x.example"})["error"] == "AIM_E_INVALID"
    assert api(400, "POST", "/mcp-servers", "{")["error"] == "AIM_E_JSON_SYNTAX"
    assert api(400, "POST", "/mcp-servers", "[]")["error"]
    for i in range(3):
        api(201, "POST", "/mcp-servers", {"name": f"s{i}", "url": f"https://s{i}.example"})
    assert len(api(200, "GET", "/mcp-servers")) == 4
    page = api(200, "GET", "/mcp-servers?limit=2")
    assert [s["name"] for s in page] == ["weather", "s0"]
    assert [s["name"] for s in api(200, "GET", f"/mcp-servers?after={page[-1]['id']}")] == ["s1", "s2"]
    assert api(200, "GET", f"/mcp-servers/{server['id']}") == server
    api(404, "GET", "/mcp-servers/srv_" + "0" * 32)
    api(400, "GET", "/mcp-servers/nonsense")
    return server


def check_agents(api, server):
    agent = api(201, "POST", "/agents", {"name": "bot", "owner": "ada@example.org", "public_key": PUBLIC})
    assert agent["status"] == "verified" and api(200, "GET", f"/agents/{agent['id']}") == agent
    assert agent["id"] in api(409, "POST", "/agents", {"name": "bot"})["message"]
    assert api(200, "GET", f"/agents/{agent['id']}/mcp-servers") == []
    assert api(200, "POST", f"/agents/{agent['id']}/mcp-servers/{server['id']}") == {"linked": True}
    assert api(200, "GET", f"/agents/{agent['id']}/mcp-servers") == [server["id"]]
    api(404, "POST", f"/agents/{agent['id']}/mcp-servers/srv_" + "0" * 32)
    return agent


def check_attestations(api, attest, server, agent):
    def envelope():
        return subprocess.run([attest, SEED, agent["id"], server["id"], server["name"], server["url"]], capture_output=True, text=True,
                              timeout=60, check=True).stdout.strip()
    path = f"/mcp-servers/{server['id']}/attest"
    signed = envelope()
    got = api(201, "POST", path, signed)
    assert got["confidence_before"] == 0 and got["confidence"] > 30 and got["id"].startswith("att_")
    assert api(200, "GET", f"/mcp-servers/{server['id']}")["confidence"] == got["confidence"]
    assert api(403, "POST", path, signed)["error"] == "AIM_E_REPLAY"
    fresh = json.loads(envelope())
    fresh["signatures"][0]["sig"] = json.loads(signed)["signatures"][0]["sig"]
    assert api(403, "POST", path, json.dumps(fresh))["error"] == "AIM_E_SIGNATURE"
    assert api(403, "POST", path, "nonsense")["error"] == "AIM_E_ENVELOPE"
    other = api(200, "GET", "/mcp-servers")[1]["id"]
    assert api(403, "POST", f"/mcp-servers/{other}/attest", envelope())["error"] == "AIM_E_CLAIM"


def check_access(api):
    document = api(200, "GET", "/.well-known/mcp/capabilities", key=None)
    assert document["server"]["name"] == "rest_server" and document["signature"]["alg"] == "ed25519"
    for key in (None, "", KEY[:-1], KEY + "x", KEY.upper()):
        for method, path in (("GET", "/mcp-servers"), ("POST", "/agents"), ("GET", "/none"), ("GET", "/mcp-servers/x")):
            assert api(401, method, path, "{}" if method == "POST" else None, key=key) == {"error": "refused"}
    api(404, "GET", "/none")
    api(404, "DELETE", "/mcp-servers")
    api(404, "GET", "/mcp-servers/")
    try:
        api(413, "POST", "/mcp-servers", " " * (65 * 1024))
    except (http.client.HTTPException, ConnectionError):
        return  # it closes the connection
    raise AssertionError("a body of 65 kB was taken")


def main(server, attest):
    with subprocess.Popen([server], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            process.stdin.write(KEY + "\n")
            process.stdin.flush()
            api = Api(int(process.stdout.readline()))
            check_access(api)
            registered = check_servers(api)
            check_attestations(api, attest, registered, check_agents(api, registered))
        finally:
            process.stdin.close()
            code = process.wait(60)
    return code


sys.exit(main(*sys.argv[1:3]))
