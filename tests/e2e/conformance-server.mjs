// A server with everything that the MCP conformance suite asks for, over Streamable HTTP with sessions and event ids.
// Prints its port.
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import * as types from "@modelcontextprotocol/sdk/types.js";
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const wav = Buffer.from("RIFF$\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\0\0\0\0", "latin1").toString("base64");
const text = (value) => ({ content: [{ type: "text", text: value }] });
const image = { type: "image", data: png, mimeType: "image/png" };
const nothing = { type: "object", properties: {} };
const takes = (name) => ({ type: "object", properties: { [name]: { type: "string" } }, required: [name] });
const titled = (...pairs) => pairs.map(([value, title]) => ({ const: value, title }));

const ask = async (extra, message, properties) => {
  const params = { message, requestedSchema: { type: "object", properties, required: [] } };
  const answer = await extra.sendRequest({ method: "elicitation/create", params }, types.ElicitResultSchema);
  return text(`Elicitation completed: action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`);
};

const tools = {
  test_simple_text: [nothing, () => text("This is a simple text response for testing.")],
  test_image_content: [nothing, () => ({ content: [image] })],
  test_audio_content: [nothing, () => ({ content: [{ type: "audio", data: wav, mimeType: "audio/wav" }] })],
  test_embedded_resource: [nothing, () => ({
    content: [{ type: "resource", resource: { uri: "test://embedded-resource", mimeType: "text/plain", text: "This is an embedded resource content." } }],
  })],
  test_multiple_content_types: [nothing, () => ({
    content: [
      { type: "text", text: "Multiple content types test:" },
      image,
      { type: "resource", resource: { uri: "test://mixed-content-resource", mimeType: "application/json", text: '{"test":"data","value":123}' } },
    ],
  })],
  test_tool_with_logging: [nothing, async (_, extra) => {
    for (const data of ["Tool execution started", "Tool processing data", "Tool execution completed"]) {
      await extra.sendNotification({ method: "notifications/message", params: { level: "info", data } });
      await pause(50);
    }
    return text("done");
  }],
  test_tool_with_progress: [nothing, async (_, extra) => {
    for (const progress of [0, 50, 100]) {
      const progressToken = extra._meta?.progressToken;
      if (progressToken !== undefined)
        await extra.sendNotification({ method: "notifications/progress", params: { progressToken, progress, total: 100 } });
      await pause(50);
    }
    return text("done");
  }],
  test_error_handling: [nothing, () => ({ isError: true, ...text("This tool intentionally returns an error for testing") })],
  test_sampling: [takes("prompt"), async ({ prompt }, extra) => {
    const params = { messages: [{ role: "user", content: { type: "text", text: prompt } }], maxTokens: 100 };
    const answer = await extra.sendRequest({ method: "sampling/createMessage", params }, types.CreateMessageResultSchema);
    return text(`LLM response: ${answer.content.text}`);
  }],
  test_elicitation: [takes("message"), async ({ message }, extra) => {
    const requestedSchema = {
      type: "object",
      properties: { username: { type: "string", description: "User's response" }, email: { type: "string", description: "User's email address" } },
      required: ["username", "email"],
    };
    const answer = await extra.sendRequest({ method: "elicitation/create", params: { message, requestedSchema } }, types.ElicitResultSchema);
    return text(`User response: action: ${answer.action}, content: ${JSON.stringify(answer.content ?? {})}`);
  }],
  test_elicitation_sep1034_defaults: [nothing, (_, extra) =>
    ask(extra, "Defaults", {
      name: { type: "string", default: "John Doe" },
      age: { type: "integer", default: 30 },
      score: { type: "number", default: 95.5 },
      status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
      verified: { type: "boolean", default: true },
    })],
  test_elicitation_sep1330_enums: [nothing, (_, extra) =>
    ask(extra, "Enums", {
      untitledSingle: { type: "string", enum: ["option1", "option2", "option3"] },
      titledSingle: { type: "string", oneOf: titled(["value1", "First Option"], ["value2", "Second Option"], ["value3", "Third Option"]) },
      legacyEnum: { type: "string", enum: ["opt1", "opt2", "opt3"], enumNames: ["Option One", "Option Two", "Option Three"] },
      untitledMulti: { type: "array", items: { type: "string", enum: ["option1", "option2", "option3"] } },
      titledMulti: { type: "array", items: { anyOf: titled(["value1", "First Choice"], ["value2", "Second Choice"], ["value3", "Third Choice"]) } },
    })],
  test_reconnection: [nothing, async (_, extra) => {
    extra.closeSSEStream?.();
    await pause(100);
    return text("Reconnected");
  }],
  json_schema_2020_12_tool: [{
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    $defs: { address: { type: "object", properties: { street: { type: "string" }, city: { type: "string" } } } },
    properties: { name: { type: "string" }, address: { $ref: "#/$defs/address" } },
    additionalProperties: false,
  }, () => text("ok")],
};

const said = (...content) => ({ messages: content.map((c) => ({ role: "user", content: c })) });
const prompts = {
  test_simple_prompt: [[], () => said({ type: "text", text: "This is a simple prompt for testing." })],
  test_prompt_with_arguments: [["arg1", "arg2"], ({ arg1, arg2 }) =>
    said({ type: "text", text: `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'` })],
  test_prompt_with_embedded_resource: [["resourceUri"], ({ resourceUri }) =>
    said(
      { type: "resource", resource: { uri: resourceUri, mimeType: "text/plain", text: "Embedded resource content for testing." } },
      { type: "text", text: "Please process the embedded resource above." },
    )],
  test_prompt_with_image: [[], () => said(image, { type: "text", text: "Please analyze the image above." })],
};

function read(uri) {
  if (uri === "test://static-text") return { uri, mimeType: "text/plain", text: "This is the content of the static text resource." };
  if (uri === "test://static-binary") return { uri, mimeType: "image/png", blob: png };
  const id = /^test:\/\/template\/(\w+)\/data$/.exec(uri)?.[1];
  if (id) return { uri, mimeType: "application/json", text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }) };
  throw new types.McpError(-32002, "Resource not found");
}

function make() {
  const server = new Server(
    { name: "conformance", version: "1.0.0" },
    { capabilities: { tools: {}, prompts: {}, resources: { subscribe: true }, logging: {}, completions: {} } },
  );
  const on = (schema, handler) => server.setRequestHandler(schema, handler);
  on(types.ListToolsRequestSchema, () => ({
    tools: Object.entries(tools).map(([name, [inputSchema]]) => ({ name, description: `The tool ${name}.`, inputSchema })),
  }));
  on(types.CallToolRequestSchema, async ({ params }, extra) => {
    const tool = tools[params.name];
    if (!tool) throw new types.McpError(-32602, "Unknown tool");
    return tool[1](params.arguments ?? {}, extra);
  });
  on(types.ListPromptsRequestSchema, () => ({
    prompts: Object.entries(prompts).map(([name, [args]]) => ({
      name,
      description: `The prompt ${name}.`,
      arguments: args.map((a) => ({ name: a, description: a, required: true })),
    })),
  }));
  on(types.GetPromptRequestSchema, ({ params }) => prompts[params.name][1](params.arguments ?? {}));
  on(types.ListResourcesRequestSchema, () => ({
    resources: [
      { uri: "test://static-text", name: "text", description: "A text", mimeType: "text/plain" },
      { uri: "test://static-binary", name: "binary", description: "A picture", mimeType: "image/png" },
      { uri: "test://watched-resource", name: "watched", description: "Watched", mimeType: "text/plain" },
    ],
  }));
  on(types.ListResourceTemplatesRequestSchema, () => ({
    resourceTemplates: [{ uriTemplate: "test://template/{id}/data", name: "template", description: "By id", mimeType: "application/json" }],
  }));
  on(types.ReadResourceRequestSchema, ({ params }) => ({ contents: [read(params.uri)] }));
  on(types.SubscribeRequestSchema, () => ({}));
  on(types.UnsubscribeRequestSchema, () => ({}));
  on(types.SetLevelRequestSchema, () => ({}));
  on(types.CompleteRequestSchema, () => ({ completion: { values: ["paris", "park", "party"], total: 3, hasMore: false } }));
  return server;
}

class Events {
  events = [];
  async storeEvent(stream, message) {
    this.events.push({ stream, message, id: String(this.events.length) });
    return this.events.at(-1).id;
  }
  async replayEventsAfter(last, { send }) {
    const { stream } = this.events[Number(last)];
    for (const event of this.events.slice(Number(last) + 1)) if (event.stream === stream) await send(event.id, event.message);
    return stream;
  }
}

const sessions = new Map();
const http = createServer(async (request, response) => {
  const id = request.headers["mcp-session-id"];
  if (id && !sessions.has(id)) return response.writeHead(404).end();
  let transport = sessions.get(id);
  if (!transport) {
    transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: new Events(),
      retryInterval: 500,
      enableDnsRebindingProtection: true,
      allowedHosts: [`127.0.0.1:${http.address().port}`, `localhost:${http.address().port}`],
      onsessioninitialized: (name) => sessions.set(name, transport),
    });
    await make().connect(transport);
  }
  await transport.handleRequest(request, response);
});
http.listen(0, "127.0.0.1", () => console.log(`port ${http.address().port}`));
