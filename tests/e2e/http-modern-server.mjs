// The server of modern-server.mjs over Streamable HTTP, on a port that the system chooses and that is printed.
import { createMcpHandler } from "@modelcontextprotocol/server";
import { createServer } from "node:http";
import { make } from "./modern.mjs";

const handler = createMcpHandler(make);
const server = createServer(async (request, response) => {
  const body = await new Promise((done) => {
    const parts = [];
    request.on("data", (part) => parts.push(part)).on("end", () => done(Buffer.concat(parts)));
  });
  const answer = await handler.fetch(
    new Request(`http://${request.headers.host}${request.url}`, {
      method: request.method,
      headers: request.headers,
      body: request.method === "GET" ? undefined : body,
    }),
  );
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  for await (const part of answer.body ?? []) response.write(part);
  response.end();
});
server.listen(0, "127.0.0.1", () => console.log(`port ${server.address().port}`));
