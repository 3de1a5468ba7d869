// One tool, whose description is read from the file named on the command line: a package update in small.
import { readFileSync } from "node:fs";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";

const server = new McpServer({ name: "weather", version: "1.0.0" });
server.registerTool("forecast", { description: readFileSync(process.argv[2], "utf8").trim() }, async () => ({
  content: [{ type: "text", text: "sunny" }],
}));
await server.connect(new StdioServerTransport());
