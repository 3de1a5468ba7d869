// Servers that people run, from npm and PyPI: the guard changes nothing about them, remembers what they are, and
// notices when a newer version of one is something else.
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { check, client, equal, finish, folder, guard, log, Raw, read, run, test, verify } from "./harness.mjs";

const python = process.argv[3];
const node = process.execPath;
const packages = resolve("node_modules");
const official = (name) => join(packages, "@modelcontextprotocol", name, "dist/index.js");

const servers = [
  {
    name: "filesystem",
    command: (at) => [node, official("server-filesystem"), at],
    call: (at) => ({ name: "read_text_file", arguments: { path: join(at, "note.txt") } }),
    says: /harbour/,
  },
  {
    name: "everything",
    command: () => [node, official("server-everything"), "stdio"],
    call: () => ({ name: "echo", arguments: { message: "harbour" } }),
    says: /harbour/,
  },
  {
    name: "memory",
    command: (at) => ["env", `MEMORY_FILE_PATH=${join(at, "memory.jsonl")}`, node, official("server-memory")],
    call: () => ({ name: "read_graph", arguments: {} }),
    says: /entities/,
  },
  {
    name: "playwright",
    command: () => [node, join(packages, "@playwright/mcp/cli.js"), "--headless", "--isolated"],
  },
  {
    name: "python",
    command: () => [python, resolve("python_server.py")],
    call: () => ({ name: "tide", arguments: { port: "Brest" } }),
    says: /412/,
    hidden: { name: "scuttle", arguments: { boat: "Pequod" } },
  },
];

function place() {
  const at = folder();
  writeFileSync(join(at, "note.txt"), "The harbour is quiet tonight.\n");
  return { at, store: join(at, "aim.db") };
}

const guarded = (f, name, command, ...options) => [guard, "stdio", "--server", name, "--store", f.store, ...options, "--", ...command];

const surface = async (session) => {
  const has = session.getServerCapabilities() ?? {};
  return {
    server: session.getServerVersion(),
    instructions: session.getInstructions(),
    capabilities: has,
    tools: (await session.listTools()).tools,
    prompts: has.prompts && (await session.listPrompts()).prompts,
    resources: has.resources && (await session.listResources()).resources,
    templates: has.resources && (await session.listResourceTemplates()).resourceTemplates,
  };
};

for (const server of servers) {
  await test(`${server.name} shows the same surface with and without the guard, and is remembered`, async () => {
    const f = place();
    const command = server.command(f.at);
    const direct = await client(command, surface);
    check(direct.tools.length > 1, "it has tools");
    equal(await client(guarded(f, server.name, command), surface), direct, "the first time");
    equal(await client(guarded(f, server.name, command), surface), direct, "the second time");
    check(!log(f.store).includes("drift_detected"), "the second time is no drift");
    equal(verify(f.store).status, 0, "verify");
  });
}

for (const server of servers.filter((s) => s.call)) {
  await test(`${server.name} answers calls through the guard`, async () => {
    const f = place();
    await client(guarded(f, server.name, server.command(f.at)), async (session) => {
      await session.listTools();
      const answer = await session.callTool(server.call(f.at));
      check(!answer.isError && server.says.test(JSON.stringify(answer.content)), JSON.stringify(answer));
      if (!server.hidden) return;
      const asked = await session.callTool(server.hidden);
      check(asked.isError && /approval_required/.test(asked.content[0].text), "a destructive tool asks, and nobody answers");
    });
    check(new RegExp(`tool_call +${server.call(f.at).name}.*allow`).test(log(f.store)), "the call is recorded");
  });
}

// What a package manager does: the same command line is another version tomorrow.
function install(f, package_) {
  const link = join(f.at, "server");
  symlinkSync(join(packages, package_), `${link}.new`);
  renameSync(`${link}.new`, link);
  return [node, join(link, "dist/index.js"), f.files];
}

await test("a newer version of a real server is drift until somebody approves it", async () => {
  const f = place();
  f.files = join(f.at, "files");
  mkdirSync(f.files);
  writeFileSync(join(f.files, "note.txt"), "The harbour is quiet tonight.\n");
  const ask = (session) => session.callTool({ name: "read_text_file", arguments: { path: join(f.files, "note.txt") } });
  const names = async (session) => (await session.listTools()).tools.map((t) => t.name);
  const older = await client(guarded(f, "files", install(f, "server-filesystem-older")), names);
  check(older.includes("read_text_file"), "the older version reads files");
  const command = guarded(f, "files", install(f, "@modelcontextprotocol/server-filesystem"));
  await client(command, async (session) => {
    check(!(await names(session)).includes("read_text_file"), "the changed tool is hidden");
    const denied = await ask(session);
    check(denied.isError && /tool_changed/.test(denied.content[0].text), JSON.stringify(denied));
  });
  const records = log(f.store);
  check(/drift_detected/.test(records), "drift is recorded");
  check(!/drift_detected +launch/.test(records), "the command line is the same");
  const approval = run(guard, ["approve", "--store", f.store, "--server", "files", "--actor", "ana"]);
  equal(approval.status, 0, approval.stderr);
  await client(command, async (session) => {
    check((await names(session)).includes("read_text_file"), "the approved tool is back");
    check(/harbour/.test((await ask(session)).content[0].text), "and works");
  });
  equal(verify(f.store).status, 0, "verify");
});

// Three agents look at the same server, each with a key of its own, and nobody has approved anything yet.
await test("three agents attest a real server with aim mcp attest", async () => {
  const f = place();
  const aim = (...args) => run(join(dirname(guard), "aim"), [...args, "--store", f.store], { cwd: f.at });
  const must = (...args) => {
    const result = aim(...args);
    equal(result.status, 0, `aim ${args.slice(0, 2).join(" ")}: ${result.stderr}`);
    return result.stdout;
  };
  writeFileSync(join(f.at, "pw"), "correct horse\n");
  const command = servers.find((s) => s.name === "filesystem").command(f.at);
  await client(guarded(f, "elsewhere", command, "--quiet"), (session) => session.listTools()); // makes the store
  const said = ["ana", "ben", "cat"].map((agent) => {
    const key = join(f.at, `${agent}.key`);
    must("key", "generate", "--purpose", "agent", "-o", key, "--passphrase-file", "pw");
    must("agent", "register", agent, "--key-file", key, "--verified");
    return must("mcp", "attest", "--yes", "--server", "files", "--key", key, "--passphrase-file", "pw", "--", ...command);
  });
  check(/Confidence score: 0% -> 36% \(\+36\)/.test(said[0]), said[0]);
  const judged = aim("mcp", "verify", "files", "--json");
  equal(judged.status, 6, `three agents that are new reach no more than a warning: ${judged.stderr}`);
  const { verdict, attestations, confidence_micro } = JSON.parse(judged.stdout);
  equal({ verdict, attestations, confidence_micro }, { verdict: "WARN", attestations: 3, confidence_micro: 58333333 }, "verify");
  check(/files/.test(must("mcp", "list")), "it is registered");
  equal(verify(f.store).status, 0, "verify of the log");
});

finish();
