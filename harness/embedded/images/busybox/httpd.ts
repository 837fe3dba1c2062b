import { createReadStream, statSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { extname, join, normalize } from "node:path";
import { parseArgs } from "node:util";

/** `httpd [-f] [-v] [-p [IP:]PORT] [-h HOME]`: serves the files of a folder. */
const { values } = parseArgs({
  options: {
    f: { type: "boolean", short: "f" },
    v: { type: "boolean", short: "v" },
    p: { type: "string", short: "p", default: "80" },
    h: { type: "string", short: "h", default: "." },
  },
});
const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".htm": "text/html",
  ".css": "text/css",
  ".js": "application/javascript",
  ".json": "application/json",
  ".txt": "text/plain",
  ".png": "image/png",
  ".svg": "image/svg+xml",
};
const colon = values.p.lastIndexOf(":");
const port = Number(values.p.slice(colon + 1));
const server = createServer(answer);
server.on("error", (error) => {
  process.stderr.write(`httpd: bind: ${error.message}\n`);
  process.exitCode = 1;
});
server.listen(port, colon > 0 ? values.p.slice(0, colon) : undefined);

function answer(request: IncomingMessage, response: ServerResponse): void {
  const path = fileOf(request.url ?? "/");
  response.setHeader("Connection", "close");
  if (request.method !== "GET" && request.method !== "HEAD")
    return fail(response, 501, "Not Implemented");
  if (path === undefined) return fail(response, 404, "Not Found");
  if (values.v) process.stderr.write(`${request.socket.remoteAddress}: url:${request.url}\n`);
  response.writeHead(200, { "Content-Type": types[extname(path)] ?? "application/octet-stream" });
  if (request.method === "HEAD") response.end();
  else createReadStream(path).pipe(response);
}

function fileOf(url: string): string | undefined {
  const wanted = join(values.h, normalize(decodeURIComponent(url.split("?")[0] ?? "/")));
  for (const path of [wanted, join(wanted, "index.html")]) {
    try {
      if (statSync(path).isFile()) return path;
    } catch {
      // Not that one.
    }
  }
  return undefined;
}

function fail(response: ServerResponse, status: number, title: string): void {
  response.writeHead(status, { "Content-Type": "text/html" });
  response.end(
    `<HTML><HEAD><TITLE>${status} ${title}</TITLE></HEAD>\n<BODY><H1>${status} ${title}</H1>\nThe requested URL was not found\n</BODY></HTML>\n`,
  );
}
