// The server of modern.mjs on stdio.
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { make } from "./modern.mjs";

serveStdio(make);
