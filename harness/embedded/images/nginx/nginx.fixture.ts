import { createServer, type IncomingMessage } from "node:http";
import { systemClock } from "../../../time/clock.ts";
import { parseConfig } from "./config-parser.ts";
import { readConfig } from "./config-reader.ts";
import type { Config } from "./config.ts";
import { Nginx } from "./server.ts";

const file = "/etc/nginx/conf.d/default.conf";

/** Reads a text as nginx reads conf.d/default.conf. For tests. */
export function read(text: string): Config {
  const http = { name: "http", args: [], place: { file, line: 0 }, block: parseConfig(text, file) };
  return readConfig([http], () => []);
}

/** nginx on free ports, with its logs in lists. For tests. */
export async function startNginx(
  text: string,
): Promise<{ nginx: Nginx; url: string; access: string[]; errors: string[] } & AsyncDisposable> {
  const access: string[] = [];
  const errors: string[] = [];
  const nginx = await Nginx.start(read(text), {
    clock: systemClock,
    name: "nginx/1.27.5",
    access: (line) => access.push(line),
    error: (line) => errors.push(line),
    mapPort: () => 0,
  });
  const url = `http://127.0.0.1:${nginx.portOf(80)}`;
  return { nginx, url, access, errors, [Symbol.asyncDispose]: () => nginx.stop() };
}

/** What an upstream saw of a request. */
export interface Seen {
  readonly port: number;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** An upstream that answers with what it saw, and redirects to itself with `x-redirect`. For tests. */
export async function startEcho(
  answer: { readonly status?: number; readonly location?: string; readonly delayMs?: number } = {},
): Promise<{ port: number; requests: () => number } & AsyncDisposable> {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      const { method = "", url: path = "", headers } = request;
      const seen: Seen = { port, method, path, headers, body };
      systemClock.after(answer.delayMs ?? 0, () => {
        if (answer.location) response.setHeader("location", answer.location);
        response.writeHead(answer.status ?? 200).end(JSON.stringify(seen));
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    requests: () => requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
