import { createWriteStream } from "node:fs";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";

/** `wget [-q] [-S] [-O FILE] [-T SEC] [--header H] [--post-data D] [--no-check-certificate] URL...` */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quiet: { type: "boolean", short: "q" },
    "server-response": { type: "boolean", short: "S" },
    "output-document": { type: "string", short: "O" },
    timeout: { type: "string", short: "T", default: "900" },
    header: { type: "string", multiple: true, default: [] },
    "post-data": { type: "string" },
    "no-check-certificate": { type: "boolean" },
    spider: { type: "boolean" },
    continue: { type: "boolean", short: "c" },
    "user-agent": { type: "string", short: "U", default: "Wget" },
  },
});

function complain(text: string): void {
  process.stderr.write(`wget: ${text}\n`);
}

function note(text: string): void {
  if (!values.quiet) process.stderr.write(`${text}\n`);
}

async function ask(url: URL, redirects = 5): Promise<IncomingMessage> {
  const headers: Record<string, string> = {
    "User-Agent": values["user-agent"],
    Connection: "close",
  };
  for (const header of values.header) {
    const [name = "", ...rest] = header.split(":");
    headers[name] = rest.join(":").trim();
  }
  const body = values["post-data"];
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  note(`Connecting to ${url.host}`);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = send(url, {
      headers,
      method: body === undefined ? "GET" : "POST",
      rejectUnauthorized: !values["no-check-certificate"],
    });
    request.setTimeout(Number(values.timeout) * 1000, () =>
      request.destroy(new Error("download timed out")),
    );
    request.on("response", resolve).on("error", reject).end(body);
  });
  const { statusCode = 0, headers: answered } = response;
  if (values["server-response"]) showHead(response);
  if (statusCode < 300 || statusCode > 399 || !answered.location || redirects === 0)
    return response;
  response.resume();
  return ask(new URL(answered.location, url), redirects - 1);
}

function showHead({ httpVersion, statusCode, statusMessage, rawHeaders }: IncomingMessage): void {
  process.stderr.write(`  HTTP/${httpVersion} ${statusCode} ${statusMessage}\n`);
  for (let index = 0; index < rawHeaders.length; index += 2)
    process.stderr.write(`  ${rawHeaders[index]}: ${rawHeaders[index + 1]}\n`);
}

async function download(text: string): Promise<void> {
  const url = new URL(/^https?:\/\//.test(text) ? text : `http://${text}`);
  const response = await ask(url);
  if ((response.statusCode ?? 0) >= 400)
    throw new Error(
      `server returned error: HTTP/${response.httpVersion} ${response.statusCode} ${response.statusMessage}`,
    );
  if (values.spider) return void response.resume();
  const target = values["output-document"] ?? (basename(url.pathname) || "index.html");
  if (target === "-") return pipeline(response, process.stdout, { end: false });
  note(`saving to '${target}'`);
  await pipeline(response, createWriteStream(target));
  note(`'${target}' saved`);
}

function explain(error: unknown, url: string): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const { hostname, port } = new URL(/^https?:\/\//.test(url) ? url : `http://${url}`);
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return `bad address '${hostname}'`;
  if (code === "ECONNREFUSED")
    return `can't connect to remote host (${hostname}${port ? `:${port}` : ""}): Connection refused`;
  if (code === "ECONNRESET") return "error getting response: Connection reset by peer";
  return message;
}

if (positionals.length === 0) {
  complain("no URL given");
  process.exitCode = 1;
}
for (const url of positionals) {
  await download(url).catch((error: unknown) => {
    complain(explain(error, url));
    process.exitCode = 1;
  });
}
