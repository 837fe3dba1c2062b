/** A failure with curl's exit code and words (https://curl.se/libcurl/c/libcurl-errors.html). */
export class CurlFailure extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Where a connection was to go, for messages. */
export interface Destination {
  readonly host: string;
  readonly port: number;
}

/** What curl says to an error of Node's. */
export function toFailure(
  error: NodeJS.ErrnoException,
  { host, port }: Destination,
  afterMs: number,
): CurlFailure {
  if (error instanceof CurlFailure) return error;
  const { code = "", message } = error;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return new CurlFailure(6, `Could not resolve host: ${host}`);
  if (message === "socket hang up") return new CurlFailure(52, "Empty reply from server");
  if (/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH)$/.test(code))
    return new CurlFailure(
      7,
      `Failed to connect to ${host} port ${port} after ${afterMs} ms: Couldn't connect to server`,
    );
  if (code === "ECONNRESET" || code === "EPIPE")
    return new CurlFailure(56, "Recv failure: Connection reset by peer");
  if (code === "HPE_INVALID_CONSTANT")
    return new CurlFailure(1, "Received HTTP/0.9 when not allowed");
  if (code.startsWith("HPE_")) return new CurlFailure(8, `Weird server reply: ${message}`);
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return new CurlFailure(
      60,
      `SSL: no alternative certificate subject name matches target host name '${host}'`,
    );
  if (/CERT|SIGNATURE|ISSUER/.test(code))
    return new CurlFailure(60, `SSL certificate problem: ${message}`);
  if (code === "EPROTO" || code.startsWith("ERR_SSL"))
    return new CurlFailure(35, `TLS connect error: ${openSslWords(message)}`);
  return new CurlFailure(56, message);
}

/** `error:0A00010B:SSL routines::wrong version number`, out of all that Node says. */
function openSslWords(message: string): string {
  const [, code, library, reason] = /error:([0-9A-F]+):([^:]*):[^:]*:([^:]*)/.exec(message) ?? [];
  return code === undefined ? message : `error:${code}:${library}::${reason}`;
}
