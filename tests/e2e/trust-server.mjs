// aim-trust-server driven by the official clients, TypeScript and Python: stdio, HTTP and behind aim-guard, both eras.
import { Client as ClientV2, StreamableHTTPClientTransport as HttpV2 } from "@modelcontextprotocol/client";
import { StdioClientTransport as StdioV2 } from "@modelcontextprotocol/client/stdio";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as StdioV1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport as HttpV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { join, resolve } from "node:path";
import { Raw, check, equal, finish, folder, guard, log, run, test, verify, within } from "./harness.mjs";

const python = process.argv[3];
const server = process.argv[4];
const peer = "did:mesh:" + "ab".repeat(16);

async function good(client, name, args = {}) {
  const result = await client.callTool({ name, arguments: args });
  check(!result.isError, `${name}: ${JSON.stringify(result)}`);
  equal(JSON.parse(result.content[0].text), result.structuredContent, `${name}: text and structure`);
  return result.structuredContent;
}

async function bad(client, name, args) {
  const result = await client.callTool({ name, arguments: args });
  check(result.isError && result.content[0].text.length > 0, `${name} refuses ${JSON.stringify(args)}`);
}

// Each tool with good and with bad input.
async function everything(client) {
  const { tools } = await client.listTools();
  equal(tools.map((t) => t.name).sort(), ["check_trust", "establish_handshake", "get_identity", "get_trust_score",
    "record_interaction", "verify_delegation"], "the tools");
  const me = await good(client, "get_identity");
  equal((await good(client, "check_trust", { agent_did: me.did })).trusted, true, "it trusts itself");
  equal((await good(client, "check_trust", { agent_did: peer })).known, false, "the peer is unknown");
  const recorded = await good(client, "record_interaction", { peer_did: peer, outcome: "success", details: "it went well" });
  equal(recorded.overall_score, 10, "a success");
  equal((await good(client, "get_trust_score", { agent_did: peer })).dimensions.competence, 10, "competence");
  const shake = await good(client, "establish_handshake", { peer_did: peer, capabilities: ["read:data"] });
  equal([shake.status, shake.challenge.initiator], ["pending", me.did], "the challenge");
  const delegated = { agent_did: peer, delegator_did: me.did, capability: "read:data" };
  equal((await good(client, "verify_delegation", delegated)).valid, false, "no delegation");
  await bad(client, "get_identity", { more: 1 });
  await bad(client, "check_trust", { agent_did: "nobody" });
  await bad(client, "get_trust_score", {});
  await bad(client, "establish_handshake", { peer_did: peer, capabilities: "read:data" });
  await bad(client, "verify_delegation", { agent_did: peer });
  await bad(client, "record_interaction", { peer_did: peer, outcome: "splendid", details: "" });
  await bad(client, "record_interaction", { peer_did: me.did, outcome: "success", details: "" });
  equal((await good(client, "get_trust_score", { agent_did: peer })).interaction_count, 1, "what was refused changed nothing");
}

async function connected(client, transport, body) {
  await client.connect(transport);
  try {
    await body(client);
  } finally {
    await client.close();
  }
}

const v1 = () => new ClientV1({ name: "e2e", version: "1" });
const v2 = (mode) => new ClientV2({ name: "e2e", version: "2" }, { capabilities: {}, versionNegotiation: { mode } });
const stdio = (command, args = []) => ({ command, args, stderr: "ignore" });

async function listening(body) {
  const raw = new Raw(server, ["--http", "0"]);
  await within(20000, new Promise((done) => raw.process.stderr.on("data", () => raw.stderr.includes("/mcp") && done())));
  const url = /http:\S+/.exec(raw.stderr)[0];
  try {
    await body(new URL(url));
  } finally {
    raw.process.kill("SIGTERM");
  }
  equal((await raw.exited).status, 0, "SIGTERM ends it in order");
}

await test("SDK 1.x over stdio", () => connected(v1(), new StdioV1(stdio(server)), everything));
for (const mode of ["legacy", "auto"]) {
  await test(`SDK 2.x over stdio, ${mode}`, () => connected(v2(mode), new StdioV2(stdio(server)), everything));
  await test(`SDK 2.x over HTTP, ${mode}`, () => listening((url) => connected(v2(mode), new HttpV2(url), everything)));
}
await test("SDK 1.x over HTTP", () => listening((url) => connected(v1(), new HttpV1(url), everything)));
await test("behind aim-guard", async () => {
  const store = join(folder(), "guard.db");
  const args = ["stdio", "--store", store, "--server", "trust", "--", server];
  await connected(v1(), new StdioV1(stdio(guard, args)), everything);
  check(/record_interaction.*allow/.test(log(store)), "the guard recorded the call");
  equal(verify(store).status, 0, "the guard's log is intact");
});
await test("behind aim-guard, SDK 2.x", async () => {
  const args = ["stdio", "--server", "trust", "--", server];
  await connected(v2("auto"), new StdioV2(stdio(guard, args)), everything);
});
for (const mode of ["legacy", "auto"]) {
  await test(`Python SDK, ${mode}`, () => listening(async (url) => {
    const result = run(python, [resolve("trust_client.py"), server, String(url), mode]);
    check(result.status === 0, result.stdout + result.stderr);
  }));
}
finish();
