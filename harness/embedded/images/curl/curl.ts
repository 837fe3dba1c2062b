import { openSync, writeSync } from "node:fs";
import { systemClock } from "../../../time/clock.ts";
import { type CurlOptions, readArguments } from "./arguments.ts";
import { CurlFailure } from "./failure.ts";
import { transfer, type Transfer } from "./transfer.ts";
import { writeOut } from "./write-out.ts";

interface Outcome {
  readonly last: Transfer | undefined;
  readonly url: string;
  readonly redirects: number;
  readonly failure: CurlFailure | undefined;
}

type Write = (bytes: Buffer | string) => void;

/** Fetches one URL and everything it redirects to, where -L says so. */
async function fetchUrl(given: string, options: CurlOptions, write: Write): Promise<Outcome> {
  const startedMs = systemClock.now();
  const deadlineMs = options.maxTimeMs === undefined ? undefined : startedMs + options.maxTimeMs;
  let last: Transfer | undefined;
  let redirects = 0;
  let url = given;
  try {
    let next = toRequest(toUrl(given), options);
    for (;;) {
      url = next.url.href;
      const isFollowed = (status: number, location: string | undefined): boolean =>
        options.follow && location !== undefined && status >= 300 && status < 400;
      let isShown = true;
      last = await transfer(
        { ...next, options, clock: systemClock, deadlineMs, startedMs },
        {
          trace: (line) => options.verbose && process.stderr.write(`${line}\n`),
          head: ({ statusCode = 0, headers }, text) => {
            if (options.include || options.head) write(text);
            isShown =
              !isFollowed(statusCode, headers.location) && !(options.fail && statusCode >= 400);
          },
          body: (chunk) => isShown && write(chunk),
        },
      );
      const { statusCode = 0, headers } = last.response;
      if (!isFollowed(statusCode, headers.location)) break;
      if (redirects >= options.maxRedirects && options.maxRedirects >= 0)
        throw new CurlFailure(47, `Maximum (${options.maxRedirects}) redirects followed`);
      redirects += 1;
      next = redirected(next, new URL(headers.location ?? "", next.url), statusCode, options);
    }
    const { statusCode = 0 } = last.response;
    if ((options.fail || options.failWithBody) && statusCode >= 400)
      throw new CurlFailure(22, `The requested URL returned error: ${statusCode}`);
    return { last, url, redirects, failure: undefined };
  } catch (error) {
    if (!(error instanceof CurlFailure)) throw error;
    return { last, url, redirects, failure: error };
  }
}

interface Request {
  readonly url: URL;
  readonly method: string;
  readonly body: string | undefined;
}

function toUrl(given: string): URL {
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(given) ?? [];
  if (scheme !== undefined && !/^https?$/i.test(scheme))
    throw new CurlFailure(1, `Protocol "${scheme}" not supported or disabled in libcurl`);
  try {
    return new URL(scheme === undefined ? `http://${given}` : given);
  } catch {
    throw new CurlFailure(3, "URL using bad/illegal format or missing URL");
  }
}

function toRequest(url: URL, options: CurlOptions): Request {
  const data = options.data.length > 0 ? options.data.join("&") : undefined;
  if (data !== undefined && options.get) {
    url.search = url.search === "" ? `?${data}` : `${url.search}&${data}`;
    return { url, method: options.method ?? "GET", body: undefined };
  }
  const usual = options.head ? "HEAD" : data === undefined ? "GET" : "POST";
  return { url, method: options.method ?? usual, body: data };
}

/** As browsers do: after 301, 302 and 303 a POST goes on as GET, unless -X says otherwise. */
function redirected(from: Request, url: URL, status: number, { method }: CurlOptions): Request {
  const becomesGet = from.method === "POST" && [301, 302, 303].includes(status);
  if (becomesGet && method === undefined) return { url, method: "GET", body: undefined };
  return { ...from, url };
}

/** Writes to standard output or to the file of -o, which is made when the first byte comes. */
function createWrite(output: string | undefined): Write {
  if (output === undefined || output === "-") return (bytes) => void process.stdout.write(bytes);
  let file: number | undefined;
  return (bytes) => {
    try {
      file ??= openSync(output, "w");
    } catch {
      throw new CurlFailure(23, "Failure writing output to destination");
    }
    if (typeof bytes === "string") writeSync(file, bytes);
    else writeSync(file, bytes);
  };
}

async function main(args: readonly string[]): Promise<number> {
  if (args[0] === "--version" || args[0] === "-V") {
    console.log(`curl ${process.env["CURL_VERSION"] ?? "8.17.0"} (stand-in of kubelab)`);
    return 0;
  }
  let options: CurlOptions;
  try {
    options = readArguments(args);
  } catch (error) {
    if (!(error instanceof CurlFailure)) throw error;
    console.error(error.message);
    return error.exitCode;
  }
  let exitCode = 0;
  for (const [index, given] of options.urls.entries()) {
    const startedMs = systemClock.now();
    const outcome = await fetchUrl(given, options, createWrite(options.outputs[index]));
    const { failure, last: done, url, redirects } = outcome;
    exitCode = failure?.exitCode ?? 0;
    const message = failure?.message ?? "";
    if (failure && (!options.silent || options.showError))
      console.error(`curl: (${exitCode}) ${message}`);
    const totalMs = systemClock.now() - startedMs;
    const told = { transfer: done, url, redirects, totalMs, exitCode, message };
    const text = writeOut(options.writeOut, told, (name) =>
      console.error(`curl: unknown --write-out variable: '${name}'`),
    );
    process.stdout.write(text);
  }
  return exitCode;
}

process.exitCode = await main(process.argv.slice(2));
