// Streamable HTTP: real servers and the official SDK clients with aim-guard http between them.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from "@modelcontextprotocol/client";
import { once } from "node:events";
import { connect } from "node:net";
import { join, resolve } from "node:path";
import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { check, equal, finish, folder, guard, log, pause, Raw, run, test, verify } from "./harness.mjs";

const node = process.execPath;
const everything = resolve("node_modules/@modelcontextprotocol/server-everything/dist/index.js");
const J = { "content-type": "application/json", accept: "application/json, text/event-stream" };

async function said(process, pattern) {
  for (let i = 0; i < 1500; i++, await pause(20)) {
    const found = pattern.exec(process.stdout + process.stderr);
    if (found) return found;
    if (process.process.exitCode !== null) break;
  }
  throw new Error(`${pattern} was not said: ${process.stdout}${process.stderr}`);
}

async function freePort() {
  const { createServer } = await import("node:net");
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function stop(process, signal = "SIGTERM") {
  process.process.kill(signal);
  return process.exited;
}

// Runs body with a server and a guard before it. body gets { url, direct, guard, server, store }.
async function between(server, options, body, path = "/mcp") {
  const store = join(folder(), "aim.db");
  const behind = await server();
  const upstream = `${options.upstream ?? `http://127.0.0.1:${behind.port}`}${path}`;
  const before = new Raw(guard, ["http", "--listen", "127.0.0.1:0", "--upstream", upstream, "--store", store, ...(options.args ?? [])]);
  try {
    const [, url] = await said(before, /aim-guard: (https?:\S+) stands before/);
    return await body({ url, direct: `http://127.0.0.1:${behind.port}${path}`, guard: before, server: behind.process, store });
  } finally {
    const { status } = await stop(before);
    if (behind.process.process.exitCode === null) await stop(behind.process, "SIGKILL");
    equal(status, 0, "the guard ends in order");
    equal(verify(store).status, 0, "its log verifies");
  }
}

async function legacy() {
  const port = await freePort();
  const process = new Raw(node, [everything, "streamableHttp"], { env: { ...globalThis.process.env, PORT: String(port) } });
  await said(process, /listening on port/i);
  return { port, process };
}
async function script(file) {
  const process = new Raw(node, [resolve(file)]);
  return { port: (await said(process, /port (\d+)/))[1], process };
}
const modern = () => script("http-modern-server.mjs");
const raw = () => script("http-raw-server.mjs");

async function withClient(url, body) {
  const session = new Client({ name: "e2e", version: "1" });
  const transport = new StreamableHTTPClientTransport(new URL(url));
  await session.connect(transport);
  try {
    return await body(session, transport);
  } finally {
    await transport.terminateSession().catch(() => {});
    await session.close();
  }
}

async function withV2(url, mode, body) {
  const session = new ClientV2({ name: "e2e", version: "1" }, { versionNegotiation: { mode }, capabilities: { elicitation: { form: {} } } });
  session.setRequestHandler("elicitation/create", async () => ({ action: "accept", content: { name: "Ada" } }));
  await session.connect(new TransportV2(new URL(url)));
  try {
    return await body(session);
  } finally {
    await session.close();
  }
}

const tour = async (session) => [
  session.getServerVersion(),
  (await session.listTools()).tools,
  (await session.listPrompts()).prompts,
  (await session.listResourceTemplates()).resourceTemplates,
  await session.callTool({ name: "echo", arguments: { message: "harbour" } }),
  await session.callTool({ name: "get-sum", arguments: { a: 19, b: 23 } }),
];

await test("SDK 1.x and a server with sessions and event ids work as without the guard", () =>
  between(legacy, {}, async ({ url, direct, store }) => {
    const expected = await withClient(direct, tour);
    check(expected[1].length > 5, "it has tools");
    equal(await withClient(url, tour), expected, "the first time");
    equal(await withClient(url, tour), expected, "the second time");
    check(/tool_call +echo.*allow/.test(log(store)), "calls are recorded");
  }));

await test("progress comes while the call runs", () =>
  between(legacy, {}, async ({ url }) => {
    const seen = [];
    await withClient(url, async (session) => {
      await session.listTools();
      const call = { name: "trigger-long-running-operation", arguments: { duration: 1, steps: 4 } };
      const answer = await session.callTool(call, undefined, { onprogress: (p) => seen.push(p.progress) });
      check(!answer.isError, JSON.stringify(answer));
    });
    equal(seen, [1, 2, 3, 4], "progress");
  }));

await test("SDK 2.x speaks 2026-07-28, headers and all, and a question inside a result is answered", () =>
  between(modern, {}, async ({ url, direct, store }) => {
    const script = async (session) => {
      const { tools } = await session.listTools();
      const sum = await session.callTool({ name: "add", arguments: { a: 19, b: 23 } });
      return [tools, sum, await session.callTool({ name: "greet", arguments: {} })];
    };
    const expected = await withV2(direct, { pin: "2026-07-28" }, script);
    equal(expected[2].content[0].text, "Hello Ada", "the server asks and greets");
    equal(await withV2(url, { pin: "2026-07-28" }, script), expected, "through the guard");
    await withV2(url, { pin: "2026-07-28" }, async (session) => {
      await session.listTools();
      const denied = await session.callTool({ name: "erase", arguments: {} });
      check(denied.isError && /approval_required/.test(denied.content[0].text), JSON.stringify(denied));
    });
    check(/tool_call +elicitation\/create/.test(log(store)), "the question is decided too");
  }));

await test("a policy denies, and is read again on SIGHUP", async () => {
  const policy = join(folder(), "policy.json");
  const write = (effect) =>
    writeFileSync(policy, JSON.stringify({ version: 1, name: "p", rules: [{ id: "all", effect: "allow", action: ["mcp_prompt", "mcp_tool"] }, { id: "sum", effect, tools: "get-sum" }] }));
  write("deny");
  await between(legacy, { args: ["--policy", policy] }, ({ url, guard: process }) =>
    withClient(url, async (session) => {
      const call = { name: "get-sum", arguments: { a: 1, b: 2 } };
      await session.listTools();
      const denied = await session.callTool(call);
      check(denied.isError && !/sum/.test(denied.content[0].text), "denied, and nothing is told about rules");
      write("allow");
      process.process.kill("SIGHUP");
      await said(process, /is in force now/);
      check(!(await session.callTool(call)).isError, "allowed");
      writeFileSync(policy, "{");
      process.process.kill("SIGHUP");
      await said(process, /the policy stays as it was/);
      check(!(await session.callTool(call)).isError, "still allowed");
    }));
});

await test("two hundred sessions at once", () =>
  between(legacy, {}, async ({ url }) => {
    const one = (i) =>
      withClient(url, async (session) => {
        await session.listTools();
        const answer = await session.callTool({ name: "echo", arguments: { message: `m${i}` } });
        equal(answer.content[0].text, `Echo: m${i}`, "each gets its own answer");
      });
    await Promise.all(Array.from({ length: 200 }, (_, i) => one(i)));
  }));

const post = (url, message, headers = {}) =>
  fetch(url, { method: "POST", headers: { ...J, ...headers }, body: typeof message === "string" ? message : JSON.stringify({ jsonrpc: "2.0", ...message }) });
const list = { id: 1, method: "tools/list" };
const call = { id: 2, method: "tools/call", params: { name: "look", arguments: {} } };

await test("headers that say something else than the body are refused and not sent on", () =>
  between(raw, {}, async ({ url, server, store }) => {
    await post(url, list, { "x-answer": "json" });
    const before = server.stdout.length;
    for (const headers of [{ "mcp-method": "tools/list" }, { "mcp-name": "other" }, { "mcp-param-x": "1" }, { "mcp-protocol-version": "2026-07-28" }]) {
      const answer = await post(url, call, headers);
      equal(answer.status, 400, JSON.stringify(headers));
      equal((await answer.json()).error.code, -32020, JSON.stringify(headers));
    }
    equal(server.stdout.length, before, "what the server saw");
    check(/header_/.test(log(store)), "recorded");
    equal((await post(url, call, { "x-answer": "json", "mcp-method": "tools/call", "mcp-name": "look" })).status, 200, "agreeing headers");
  }));

await test("whatever the server does, the client gets one true answer", () =>
  between(raw, {}, async ({ url }) => {
    await post(url, list, { "x-answer": "json" });
    for (const [kind, status] of [["other", 200], ["garbage", 200], ["html", 200], ["redirect", 502]]) {
      const answer = await post(url, call, { "x-answer": kind });
      equal(answer.status, status, kind);
      const message = await answer.json();
      equal([message.id, message.error?.code], [2, -32603], kind);
    }
    const cut = await post(url, call, { "x-answer": "cut" });
    check(/"id":2,"error":\{"code":-32603/.test(await cut.text()), "a stream that is cut off");
    const refused = await post(url, call, { "x-answer": "unauthorized" });
    equal([refused.status, refused.headers.get("www-authenticate")], [401, 'Bearer realm="x"'], "401 passes");
    const again = await post(url, call, { "x-answer": "json" });
    equal((await again.json()).result, { content: [] }, "the same id is free again");
  }));

await test("a request of the server that may not pass is answered by the guard, on a request of its own", () =>
  between(raw, {}, async ({ url, server }) => {
    await post(url, list, { "x-answer": "json" });
    const text = await (await post(url, call, { "x-answer": "sampling", authorization: "Bearer secret" })).text();
    check(!/vendor/.test(text) && /"id":2/.test(text), text);
    const back = server.stdout.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line)).at(-1);
    equal([JSON.parse(back.body).id, JSON.parse(back.body).error.code], ["q", -32601], "what the server hears");
    equal(back.headers.authorization, "Bearer secret", "from the same caller");
  }));

await test("requests that HTTP alone can judge", () =>
  between(raw, {}, async ({ url, server }) => {
    const status = async (path, options) => (await fetch(new URL(path, url), options)).status;
    equal(await status("/elsewhere", { method: "POST", headers: J, body: "{}" }), 404, "another path");
    equal(await status("/mcp", { method: "PUT", headers: J, body: "{}" }), 405, "another method");
    equal(await status("/mcp", { method: "POST", headers: { "content-type": "text/plain" }, body: "{}" }), 415, "another type");
    equal((await post(url, list, { origin: "https://evil.example" })).status, 403, "another origin");
    equal((await post(url, list, { "mcp-session-id": "nobody" })).status, 404, "an unknown session");
    equal((await post(url, "{")).status, 400, "no JSON");
    equal((await post(url, " ".repeat(5 << 20))).status, 413, "too long");
    equal((await post(url, { id: 1, method: "initialize", params: {} }, { "x-answer": "session" })).headers.get("mcp-session-id"), "s-1", "a session");
    equal((await post(url, { method: "notifications/initialized" }, { "mcp-session-id": "s-1" })).status, 202, "a notification");
    equal(await status("/mcp", { method: "DELETE", headers: { "mcp-session-id": "s-1" } }), 202, "it is ended");
    equal((await post(url, list, { "mcp-session-id": "s-1" })).status, 404, "and gone");
    check(!/evil|nobody/.test(server.stdout), "none of it went on");
  }));

await test("bytes that are no HTTP, and a name that a page chose", () =>
  between(raw, {}, async ({ url }) => {
    const { port } = new URL(url);
    const talk = async (text) => {
      const socket = connect(Number(port), "127.0.0.1");
      let answer = "";
      socket.on("data", (part) => (answer += part)).on("error", () => {});
      socket.write(text);
      socket.end();
      await once(socket, "close");
      return answer;
    };
    await talk("\x16\x03\x01 garbage \0\r\n\r\n");
    const rebound = await talk(`POST /mcp HTTP/1.1\r\nHost: evil.example\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`);
    check(/^HTTP\/1\.1 403 /.test(rebound), rebound.slice(0, 100));
    const twice = await talk(`POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nMcp-Session-Id: a\r\nMcp-Session-Id: b\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`);
    check(/^HTTP\/1\.1 400 /.test(twice), twice.slice(0, 100));
    equal((await post(url, list, { "x-answer": "json" })).status, 200, "it still serves");
  }));

await test("a server that is not there", () =>
  between(raw, { upstream: "http://127.0.0.1:9" }, async ({ url }) => {
    const answer = await post(url, list);
    equal([answer.status, (await answer.json()).error.code], [502, -32603], "the client is told");
  }));

await test("TLS", async () => {
  const at = folder();
  const pem = (name) => join(at, name);
  equal(run("openssl", ["req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
    "-keyout", pem("key.pem"), "-out", pem("cert.pem")]).status, 0, "a certificate");
  await between(raw, { args: ["--tls-cert", pem("cert.pem"), "--tls-key", pem("key.pem")] }, async ({ url }) => {
    check(url.startsWith("https:"), url);
    const asking = request(url, { method: "POST", ca: readFileSync(pem("cert.pem")), headers: { ...J, "x-answer": "json" } });
    asking.end(JSON.stringify({ jsonrpc: "2.0", ...list }));
    const [answer] = await once(asking, "response");
    check(/"look"/.test((await answer.setEncoding("utf8").toArray()).join("")), "a client that trusts the certificate");
    // and as a client of such a server
    const second = new Raw(guard, ["http", "--listen", "127.0.0.1:0", "--upstream", url, "--upstream-ca", pem("cert.pem")]);
    const [, plain] = await said(second, /aim-guard: (http:\S+) stands before/);
    equal((await post(plain, list, { "x-answer": "json" })).status, 200, "a guard before a guard");
    await stop(second);
  });
});

await test("command lines that cannot work say why", async () => {
  const fails = (args, pattern) => {
    const { status, stderr } = run(guard, ["http", ...args]);
    equal(status, 2, args.join(" "));
    check(pattern.test(stderr), stderr);
  };
  fails([], /needs --upstream URL/);
  fails(["--upstream", "ftp://x"], /http:\/\//);
  fails(["--upstream", "http://x/", "--listen", "nonsense"], /HOST:PORT/);
  fails(["--upstream", "http://x/", "--listen", "0.0.0.0:0"], /--tls-cert/);
  fails(["--upstream", "http://x/", "--tls-key", "k"], /belong together/);
});

finish();
