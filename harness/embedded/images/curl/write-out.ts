import type { Transfer } from "./transfer.ts";

/** All that -w can tell of. */
export interface Told {
  readonly transfer: Transfer | undefined;
  readonly url: string;
  readonly redirects: number;
  readonly totalMs: number;
  readonly exitCode: number;
  readonly message: string;
}

const seconds = (ms: number): string => (ms / 1000).toFixed(6);

const variables: Readonly<Record<string, (told: Told) => string | number>> = {
  http_code: ({ transfer }) => String(transfer?.response.statusCode ?? 0).padStart(3, "0"),
  response_code: ({ transfer }) => String(transfer?.response.statusCode ?? 0).padStart(3, "0"),
  http_version: ({ transfer }) => transfer?.response.httpVersion ?? "0",
  content_type: ({ transfer }) => transfer?.response.headers["content-type"] ?? "",
  redirect_url: ({ transfer }) => {
    const location = transfer?.response.headers.location;
    return location === undefined ? "" : new URL(location, transfer?.url).href;
  },
  size_download: ({ transfer }) => transfer?.sizeBytes ?? 0,
  remote_ip: ({ transfer }) => transfer?.remoteAddress ?? "",
  remote_port: ({ transfer }) => transfer?.remotePort ?? 0,
  local_ip: ({ transfer }) => transfer?.localAddress ?? "",
  method: ({ transfer }) => transfer?.method ?? "",
  scheme: ({ url }) => url.split(":", 1)[0] ?? "",
  num_redirects: ({ redirects }) => redirects,
  url_effective: ({ url }) => url,
  time_connect: ({ transfer }) => seconds(transfer?.connectMs ?? 0),
  time_starttransfer: ({ transfer }) => seconds(transfer?.startMs ?? 0),
  time_total: ({ totalMs }) => seconds(totalMs),
  exitcode: ({ exitCode }) => exitCode,
  errormsg: ({ message }) => message,
};

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

/** Fills in a -w format; `unknown` is told the variables that are none. */
export function writeOut(format: string, told: Told, unknown: (name: string) => void): string {
  return format.replaceAll(
    /\\([ntr])|%%|%\{([^}]*)\}/g,
    (all, escape: string | undefined, name: string | undefined) => {
      if (escape !== undefined) return escapes[escape] ?? all;
      if (name === undefined) return "%";
      const variable = Object.hasOwn(variables, name) ? variables[name] : undefined;
      if (!variable) unknown(name);
      return String(variable?.(told) ?? "");
    },
  );
}
