/** What the first bytes of a connection say about its protocol; "more" asks for more bytes. */
export type Sniffed = "http1" | "http2" | "tls" | "tcp" | "more";

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const requestLine = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,24} [^\s]+ HTTP\/1\.[01]\r?\n/;
const partOfRequestLine =
  /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,24}( |$)[^\s]*( (H(T(T(P(\/(1(\.([01]\r?)?)?)?)?)?)?)?)?)?$/;
const longestRequestLine = 64 * 1024;

/** Judges by content alone, as Envoy's inspectors do. */
export function sniff(bytes: Buffer): Sniffed {
  if (bytes.length === 0) return "more";
  // TLS: a handshake record of version 3.x.
  if (bytes[0] === 0x16) return bytes.length < 2 ? "more" : bytes[1] === 0x03 ? "tls" : "tcp";
  const text = bytes.toString("latin1");
  if (text.startsWith(preface)) return "http2";
  if (preface.startsWith(text)) return "more";
  const newline = text.indexOf("\n");
  if (newline >= 0) return requestLine.test(text.slice(0, newline + 1)) ? "http1" : "tcp";
  if (text.length > longestRequestLine) return "tcp";
  return partOfRequestLine.test(text) ? "more" : "tcp";
}
