// A client built on the official MCP SDK. Usage:
//   node client.mjs list  COMMAND [ARG…]                     the tools the server shows
//   node client.mjs call  TOOL JSON-ARGUMENTS COMMAND [ARG…]  one call, its answer as text
// COMMAND is whatever speaks MCP on stdio: a server, or aim-guard in front of one.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

const [verb, ...rest] = process.argv.slice(2);
const call = verb === "call" ? { name: rest.shift(), arguments: JSON.parse(rest.shift()) } : null;
const [command, ...args] = rest;

const client = new Client({ name: "quickstart", version: "1.0.0" });
await client.connect(new StdioClientTransport({ command, args, stderr: "inherit" }));
if (call) {
  // A client lists before it calls, so that it knows what it may call.
  await client.listTools();
  const result = await client.callTool(call);
  const text = (result.content ?? []).map((part) => part.text ?? `[${part.type}]`).join("\n");
  console.log(`${result.isError ? "refused" : "answer"}: ${text}`);
} else {
  for (const tool of (await client.listTools()).tools)
    console.log(`${tool.name.padEnd(28)} ${(tool.description ?? "").split(/[.\n]/)[0].slice(0, 60)}`);
}
await client.close();
