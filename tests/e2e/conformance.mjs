// The MCP conformance suite against servers with and without aim-guard http before them: the same results. It needs
// Node 22, which the npm package node brings where this one is older.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { check, equal, finish, folder, guard, pause, Raw, test } from "./harness.mjs";

const bundled = resolve("node_modules/node/bin/node");
const node = Number(process.versions.node.split(".")[0]) < 22 && existsSync(bundled) ? bundled : process.execPath;
const suite = resolve("node_modules/@modelcontextprotocol/conformance/dist/index.js");

// "scenario: passed, failed", one each; and the totals.
async function results(url, version) {
  const args = [suite, "server", "--url", url, "--suite", "all", "--spec-version", version];
  const { stdout } = await promisify(execFile)(node, args, { cwd: folder(), maxBuffer: 1 << 26 }).catch((failed) => failed);
  const [, summary] = stdout.split("=== SUMMARY ===");
  const scenarios = Object.fromEntries([...summary.matchAll(/^. ([\w-]+): (\d+ passed, \d+ failed)$/gm)].map(([, name, counts]) => [name, counts]));
  const [, passed, failed] = /Total: (\d+) passed, (\d+) failed/.exec(summary);
  return { scenarios, passed: Number(passed), failed: Number(failed) };
}

async function started(command, args, pattern) {
  const process = new Raw(command, args);
  for (let i = 0; i < 1500; i++, await pause(20)) {
    const found = pattern.exec(process.stdout + process.stderr);
    if (found) return [process, found[1]];
  }
  throw new Error(`${args[0]} says nothing: ${process.stderr}`);
}

async function compare(file, version, options, body) {
  const [server, port] = await started(process.execPath, [resolve(file)], /port (\d+)/);
  const direct = `http://127.0.0.1:${port}/mcp`;
  const [before, url] = await started(guard, ["http", "--listen", "127.0.0.1:0", "--upstream", direct, ...options], /aim-guard: (http:\S+) stands/);
  try {
    const expected = await results(direct, version);
    body(expected, await results(url, version));
  } finally {
    before.process.kill("SIGTERM");
    equal((await before.exited).status, 0, "the guard ends in order");
    server.process.kill("SIGKILL");
    await server.exited;
  }
}

await test("2025-11-25: everything passes, with and without the guard", () =>
  compare("conformance-server.mjs", "2025-11-25", [], (direct, through) => {
    check(direct.passed > 70 && direct.failed === 0, JSON.stringify(direct));
    equal(through, direct, "through the guard");
  }));

// This server has few of the tools that the suite asks for; how it answers for the others must be the same too. The guard
// checks Host and Origin, and the headers of every request; the server leaves the one to its host.
await test("2026-07-28: the same results with and without the guard", () =>
  compare("http-modern-server.mjs", "2026-07-28", ["--preset", "observe", "--allow-unknown"], (direct, through) => {
    check(direct.passed > 80, JSON.stringify(direct));
    equal(through.scenarios["dns-rebinding-protection"], "2 passed, 0 failed", "the guard protects");
    delete direct.scenarios["dns-rebinding-protection"];
    delete through.scenarios["dns-rebinding-protection"];
    equal(through.scenarios, direct.scenarios, "through the guard");
  }));

finish();
