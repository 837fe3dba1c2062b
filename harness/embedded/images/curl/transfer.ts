import { readFileSync } from "node:fs";
import { type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type Socket } from "node:net";
import type { Clock } from "../../../time/clock.ts";
import type { CurlOptions } from "./arguments.ts";
import { CurlFailure, type Destination, toFailure } from "./failure.ts";

/** What a transfer tells while it goes on. */
export interface TransferEvents {
  /** A line for -v, with its sign. */
  readonly trace: (line: string) => void;
  /** The answer's head, as bytes would show it; before any body of it. */
  readonly head: (response: IncomingMessage, text: string) => void;
  readonly body: (chunk: Buffer) => void;
}

/** One request and its answer, in numbers. */
export interface Transfer {
  readonly url: URL;
  readonly method: string;
  readonly response: IncomingMessage;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly connectMs: number;
  readonly startMs: number;
  readonly sizeBytes: number;
}

export interface TransferRequest {
  readonly url: URL;
  readonly method: string;
  readonly body: string | undefined;
  readonly options: CurlOptions;
  readonly clock: Clock;
  /** When the whole operation is to be over. */
  readonly deadlineMs: number | undefined;
  readonly startedMs: number;
}

/** Sends one request and hands the answer over as it comes; rejects with CurlFailure. */
export function transfer(asked: TransferRequest, events: TransferEvents): Promise<Transfer> {
  const { url, method, body, options, clock, startedMs } = asked;
  const destination = destinationOf(url);
  const elapsed = (): number => clock.now() - startedMs;
  return new Promise((resolve, reject) => {
    const sending = open(asked, destination);
    let sizeBytes = 0;
    let connectMs = 0;
    let expected: string | undefined;
    const fail = (error: Error): void => {
      cancelDeadline();
      sending.destroy();
      reject(toFailure(error, destination, elapsed()));
    };
    const cancelDeadline = watchDeadline(asked, () => {
      const bytes = `${sizeBytes}${expected === undefined ? "" : ` out of ${expected}`} bytes`;
      // A timer may fire a millisecond early.
      const tookMs = Math.max(elapsed(), (asked.deadlineMs ?? 0) - startedMs);
      const message = `Operation timed out after ${tookMs} milliseconds with ${bytes} received`;
      fail(new CurlFailure(28, message));
    });
    watchConnection(sending, asked, destination, {
      connected: (socket) => {
        connectMs = elapsed();
        const { remoteAddress, remotePort } = socket;
        events.trace(`*   Trying ${remoteAddress}:${remotePort}...`);
        events.trace(`* Connected to ${destination.host} (${remoteAddress}) port ${remotePort}`);
        for (const line of headLines(sending)) events.trace(`> ${line}`);
        if (body !== undefined) events.trace(`} [${Buffer.byteLength(body)} bytes data]`);
      },
      late: fail,
    });
    sending.on("error", fail);
    sending.once("response", (response) => {
      const startMs = elapsed();
      const { socket } = response;
      expected = response.headers["content-length"];
      const remote = {
        remoteAddress: socket.remoteAddress ?? "",
        remotePort: socket.remotePort ?? 0,
      };
      const localAddress = socket.localAddress ?? "";
      const text = headText(response);
      for (const line of text.split("\r\n").slice(0, -1)) events.trace(`< ${line}`);
      events.head(response, text);
      response.on("data", (chunk: Buffer) => {
        sizeBytes += chunk.length;
        try {
          events.body(chunk);
        } catch (error) {
          fail(error as Error);
        }
      });
      response.once("error", () => fail(cutShort(expected, sizeBytes)));
      response.once("end", () => {
        cancelDeadline();
        sending.destroy();
        resolve({ url, method, response, ...remote, localAddress, connectMs, startMs, sizeBytes });
      });
    });
    sending.end(options.head ? undefined : body);
  });
}

function destinationOf(url: URL): Destination {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return { host, port: Number(url.port || (url.protocol === "https:" ? 443 : 80)) };
}

function open(
  { url, method, body, options }: TransferRequest,
  { host, port }: Destination,
): ClientRequest {
  const isHttps = url.protocol === "https:";
  const sending = (isHttps ? httpsRequest : httpRequest)({
    host: resolved(options.resolve, host, port) ?? host,
    port,
    method,
    path: `${url.pathname}${url.search}`,
    agent: false,
    setHost: false,
    ...(isHttps
      ? {
          ...(isIP(host) === 0 ? { servername: host } : {}),
          rejectUnauthorized: !options.insecure,
          ...(options.cacert === undefined ? {} : { ca: readFileSync(options.cacert) }),
        }
      : {}),
  });
  sending.setHeader("Host", url.host);
  sending.setHeader(
    "User-Agent",
    options.userAgent ?? `curl/${process.env["CURL_VERSION"] ?? "8.17.0"}`,
  );
  sending.setHeader("Accept", "*/*");
  // curl leaves the header out, which means keep-alive.
  sending.removeHeader("Connection");
  if (options.user !== undefined)
    sending.setHeader("Authorization", `Basic ${Buffer.from(options.user).toString("base64")}`);
  if (body !== undefined) {
    sending.setHeader("Content-Length", Buffer.byteLength(body));
    sending.setHeader("Content-Type", "application/x-www-form-urlencoded");
  }
  for (const header of options.headers) setHeader(sending, header);
  return sending;
}

/** `Name: value`, `Name;` for an empty one, `Name:` to leave curl's own out. */
function setHeader(sending: ClientRequest, header: string): void {
  const [, name = "", sign, value = ""] = /^([^:;]+)([:;])\s*(.*)$/s.exec(header) ?? [];
  if (name === "") return;
  if (sign === ":" && value === "") sending.removeHeader(name);
  else if (
    sending.hasHeader(name) &&
    !/^(host|user-agent|accept|content-type|authorization)$/i.test(name)
  )
    sending.appendHeader(name, value);
  else sending.setHeader(name, value);
}

function resolved(entries: readonly string[], host: string, port: number): string | undefined {
  for (const entry of entries) {
    const [name, wanted, ...address] = entry.split(":");
    if ((name === host || name === "*") && wanted === String(port)) return address.join(":");
  }
  return undefined;
}

function watchDeadline({ clock, deadlineMs }: TransferRequest, late: () => void): () => void {
  return deadlineMs === undefined ? () => {} : clock.after(deadlineMs - clock.now(), late);
}

function watchConnection(
  sending: ClientRequest,
  { url, options, clock, startedMs }: TransferRequest,
  { host, port }: Destination,
  told: { readonly connected: (socket: Socket) => void; readonly late: (error: Error) => void },
): void {
  sending.once("socket", (socket) => {
    const limitMs = options.connectTimeoutMs;
    const cancel =
      limitMs === undefined
        ? () => {}
        : clock.after(limitMs, () => {
            const after = `after ${clock.now() - startedMs} ms`;
            const message = `Failed to connect to ${host} port ${port} ${after}: Timeout was reached`;
            told.late(new CurlFailure(28, message));
          });
    sending.once("close", cancel);
    socket.once(url.protocol === "https:" ? "secureConnect" : "connect", () => {
      cancel();
      told.connected(socket);
    });
  });
}

function headLines(sending: ClientRequest): readonly string[] {
  const lines = [`${sending.method} ${sending.path} HTTP/1.1`];
  for (const name of sending.getRawHeaderNames())
    for (const value of [sending.getHeader(name)].flat()) lines.push(`${name}: ${value}`);
  return [...lines, ""];
}

function headText({ httpVersion, statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  let text = `HTTP/${httpVersion} ${statusCode} ${statusMessage}\r\n`;
  for (let index = 0; index < rawHeaders.length; index += 2)
    text += `${rawHeaders[index]}: ${rawHeaders[index + 1]}\r\n`;
  return `${text}\r\n`;
}

function cutShort(expected: string | undefined, sizeBytes: number): CurlFailure {
  if (expected === undefined)
    return new CurlFailure(18, "transfer closed with outstanding read data remaining");
  const left = Number(expected) - sizeBytes;
  return new CurlFailure(18, `transfer closed with ${left} bytes remaining to read`);
}
