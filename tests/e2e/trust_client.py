"""The official Python client against aim-trust-server, over stdio and over HTTP. Usage: trust_client.py SERVER URL MODE"""
import asyncio
import json
import sys

from mcp import Client, StdioServerParameters

SERVER, URL, MODE = sys.argv[1:4]
PEER = "did:mesh:" + "ab" * 16


async def good(client, name, **arguments):
    result = await client.call_tool(name, arguments)
    assert not result.is_error, (name, result)
    assert json.loads(result.content[0].text) == result.structured_content, name
    return result.structured_content


async def bad(client, name, **arguments):
    result = await client.call_tool(name, arguments)
    assert result.is_error and result.content[0].text, (name, arguments, result)


async def everything(server):
    async with Client(server, mode=MODE) as client:
        names = sorted(tool.name for tool in (await client.list_tools()).tools)
        assert names == ["check_trust", "establish_handshake", "get_identity", "get_trust_score",
                         "record_interaction", "verify_delegation"], names
        me = await good(client, "get_identity")
        assert (await good(client, "check_trust", agent_did=me["did"]))["trusted"] is True
        said = await good(client, "record_interaction", peer_did=PEER, outcome="partial", details="half of it")
        assert said["overall_score"] == 5, said
        assert (await good(client, "get_trust_score", agent_did=PEER))["interaction_count"] == 1
        shake = await good(client, "establish_handshake", peer_did=PEER, capabilities=["read:data"])
        assert shake["status"] == "pending"
        assert (await good(client, "verify_delegation", agent_did=PEER, delegator_did=me["did"],
                           capability="read:data"))["valid"] is False
        await bad(client, "get_identity", more=1)
        await bad(client, "check_trust", agent_did="nobody")
        await bad(client, "get_trust_score")
        await bad(client, "establish_handshake", peer_did=PEER, capabilities=[1])
        await bad(client, "verify_delegation", agent_did=PEER)
        await bad(client, "record_interaction", peer_did=PEER, outcome="splendid", details="")


asyncio.run(everything(StdioServerParameters(command=SERVER)))
asyncio.run(everything(URL))
