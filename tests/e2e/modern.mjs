// A server of revision 2026-07-28, built on the official SDK: a plain tool, one that asks the user first
// (input_required), one that says it is destructive.
import { McpServer, acceptedContent, inputRequired } from "@modelcontextprotocol/server";
import * as z from "zod/v4";

export function make() {
  const server = new McpServer({ name: "modern", version: "1.0.0" });
  server.registerTool("add", { description: "Adds.", inputSchema: z.object({ a: z.number(), b: z.number() }) }, async ({ a, b }) => ({
    content: [{ type: "text", text: String(a + b) }],
  }));
  server.registerTool("greet", { description: "Greets by name." }, async (context) => {
    const answer = acceptedContent(context?.mcpReq?.inputResponses, "who");
    if (!answer)
      return inputRequired({
        inputRequests: {
          who: inputRequired.elicit({
            message: "Your name?",
            requestedSchema: { type: "object", properties: { name: { type: "string" } }, required: ["name"] },
          }),
        },
      });
    return { content: [{ type: "text", text: `Hello ${answer.name}` }] };
  });
  server.registerTool("erase", { description: "Erases.", annotations: { destructiveHint: true } }, async () => ({
    content: [{ type: "text", text: "erased" }],
  }));
  return server;
}
