// An endpoint that answers as its caller says in X-Answer: for what no well-behaved server does. Prints its port, and
// each request's method, path and headers as a line of JSON.
import { createServer } from "node:http";

const answers = {
  json: (body, response) => {
    const { id, method } = JSON.parse(body);
    const result = method === "tools/list" ? { tools: [{ name: "look", inputSchema: { type: "object" } }] } : { content: [] };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ jsonrpc: "2.0", id, result }));
  },
  other: (body, response) =>
    response.writeHead(200, { "content-type": "application/json" }).end('{"jsonrpc":"2.0","id":"stranger","result":{}}'),
  garbage: (body, response) => response.writeHead(200, { "content-type": "application/json" }).end("{]"),
  html: (body, response) => response.writeHead(200, { "content-type": "text/html" }).end("<b>hello</b>"),
  cut: (body, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write('data: {"jsonrpc":"2.0",');
    setImmediate(() => response.destroy());
  },
  unauthorized: (body, response) =>
    response.writeHead(401, { "www-authenticate": 'Bearer realm="x"', "content-type": "text/plain" }).end("no"),
  redirect: (body, response) => response.writeHead(302, { location: "http://127.0.0.1:9/" }).end(),
  session: (body, response) => {
    const { id } = JSON.parse(body);
    response
      .writeHead(200, { "content-type": "application/json", "mcp-session-id": "s-1" })
      .end(JSON.stringify({ jsonrpc: "2.0", id, result: { protocolVersion: "2025-11-25", capabilities: {} } }));
  },
  sampling: (body, response) => {
    const { id } = JSON.parse(body);
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write('event: message\r\ndata: {"jsonrpc":"2.0","id":"q","method":"vendor/ask"}\r\n\r\n');
    response.write(`: a comment\ndata: {"jsonrpc":"2.0",\ndata:  "id":${JSON.stringify(id)},"result":{"content":[]}}\n\n`);
    response.end();
  },
};

const server = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const body = Buffer.concat(parts).toString();
    console.log(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }));
    const answer = answers[request.headers["x-answer"]];
    if (answer) answer(body, response);
    else response.writeHead(202).end();
  });
});
server.listen(0, "127.0.0.1", () => console.log(`port ${server.address().port}`));
