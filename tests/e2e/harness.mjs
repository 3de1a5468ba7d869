// What the suite needs: tests in order, a client that speaks raw lines, processes looked after.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const guard = process.argv[2];
let passed = 0;
let failed = 0;

export async function test(name, body) {
  const started = Date.now();
  try {
    await within(60000, body());
    passed++;
    console.log(`ok    ${name} (${Date.now() - started} ms)`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${name}\n      ${String(error.stack ?? error).split("\n").slice(0, 6).join("\n      ")}`);
  }
}

export function finish() {
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}

export function check(holds, what) {
  if (!holds) throw new Error(what);
}

export function equal(actual, expected, what) {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: ${a?.slice(0, 300)} is not ${b?.slice(0, 300)}`);
}

export function within(ms, promise) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`nothing within ${ms} ms`)), ms)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const folders = [];
process.on("exit", () => folders.forEach((path) => rmSync(path, { recursive: true, force: true })));
export function folder() {
  folders.push(mkdtempSync(join(tmpdir(), "aim-e2e-")));
  return folders.at(-1);
}
export const read = (path) => readFileSync(path, "utf8");
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export function alive(pid) {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(read(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}

export async function gone(pid, what) {
  for (let i = 0; i < 500; i++, await pause(20)) if (!alive(pid)) return;
  throw new Error(`${what} (${pid}) is still there`);
}

// Runs to the end. { status, stdout, stderr }
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: "utf8", input: "", timeout: 30000, ...options });
  if (result.error) throw result.error;
  return result;
}

export const verify = (store) => run(guard, ["verify", "--store", store]);
export const log = (store, limit = 1000) => run(guard, ["log", "--store", store, "--limit", String(limit)]).stdout;

// The official client, SDK 1.x, connected for as long as body runs. Gives what body gives.
export async function client(command, body) {
  const session = new Client({ name: "e2e", version: "1" });
  await session.connect(new StdioClientTransport({ command: command[0], args: command.slice(1), stderr: "ignore" }));
  try {
    return await body(session);
  } finally {
    await session.close();
  }
}

// A process spoken to in lines.
export class Raw {
  constructor(command, args, options = {}) {
    this.process = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], ...options });
    this.stdout = "";
    this.stderr = "";
    this.wakers = [];
    this.process.stdin.on("error", () => {});
    this.process.stdout.setEncoding("latin1").on("data", (text) => {
      this.stdout += text;
      this.wakers.splice(0).forEach((wake) => wake());
    });
    this.process.stderr.setEncoding("utf8").on("data", (text) => (this.stderr += text));
    this.exited = new Promise((done) => this.process.on("close", (status, signal) => done({ status, signal })));
    this.taken = 0;
  }

  // Bytes: each character is one.
  put(text) {
    this.process.stdin.write(Buffer.from(text, "latin1"));
  }

  send(message) {
    this.process.stdin.write(JSON.stringify({ jsonrpc: "2.0", ...message }) + "\n");
  }

  // The next line, parsed.
  async line() {
    for (;;) {
      const end = this.stdout.indexOf("\n", this.taken);
      if (end >= 0) {
        const text = this.stdout.slice(this.taken, end);
        this.taken = end + 1;
        return JSON.parse(Buffer.from(text, "latin1").toString("utf8"));
      }
      const more = new Promise((wake) => this.wakers.push(wake));
      await within(20000, Promise.race([more, this.exited.then(() => Promise.reject(new Error(`ended: ${this.stderr}`)))]));
    }
  }

  async ask(id, method, params) {
    this.send({ id, method, params });
    const answer = await this.line();
    equal(answer.id, id, "id of the answer");
    return answer;
  }

  call(id, name, args) {
    return this.ask(id, "tools/call", { name, arguments: args });
  }

  async open() {
    await this.ask("i", "initialize", { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "raw", version: "1" } });
    this.send({ method: "notifications/initialized" });
    return (await this.ask("l", "tools/list")).result.tools;
  }

  async stop() {
    this.process.stdin.end();
    return within(20000, this.exited);
  }
}
