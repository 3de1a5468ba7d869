// A server that misbehaves on command. It speaks lines of JSON by hand, so that it can also not.
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";

const put = (text) => {
  for (let bytes = Buffer.from(text); bytes.length; )
    try {
      bytes = bytes.subarray(writeSync(1, bytes));
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
};
const send = (message) => put(JSON.stringify({ jsonrpc: "2.0", ...message }) + "\n");
const tools = ["echo", "big", "garbage", "die", "crash", "silent", "sleep", "pid"].map((name) => ({ name, inputSchema: { type: "object" } }));
if (process.argv.includes("--destructive")) tools[0].annotations = { destructiveHint: true };
if (process.argv.includes("--stubborn")) process.on("SIGTERM", () => {});
if (process.argv.includes("--stubborn")) setInterval(() => {}, 1000);

const act = {
  echo: (id, a) => send({ id, result: { content: [{ type: "text", text: a.text }] } }),
  big: (id, a) => send({ id, result: { content: [{ type: "text", text: "x".repeat(a.n) }] } }),
  pid: (id) => send({ id, result: { content: [{ type: "text", text: String(process.pid) }] } }),
  garbage: (id) => {
    put("this is not JSON\n{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2}\n\xff\xfe\n[[[[[[\n");
    send({ id: "never asked", result: { tools: [] } });
    send({ id: null, error: { code: 1, message: "?" } });
    put("x".repeat(5 * 1024 * 1024) + "\n");
    put("[".repeat(100000) + "\n");
    act.echo(id, { text: "still here" });
  },
  die: () => process.exit(0),
  crash: () => process.exit(3),
  silent: () => {},
  sleep: (id, a) => setTimeout(() => act.echo(id, { text: "slept" }), a.ms),
};

createInterface({ input: process.stdin }).on("line", (line) => {
  const m = JSON.parse(line);
  if (m.method === "initialize") send({ id: m.id, result: { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "raw", version: "1" } } });
  else if (m.method === "tools/list") send({ id: m.id, result: { tools } });
  else if (m.method === "ping") send({ id: m.id, result: {} });
  else if (m.method === "tools/call") act[m.params.name](m.id, m.params.arguments ?? {});
});
