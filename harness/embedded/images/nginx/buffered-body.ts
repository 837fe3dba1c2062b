import { Readable } from "node:stream";
import type { Exchange } from "../data-plane/exchange.ts";

/**
 * Reads the request's body before anything is sent on, as nginx does by default: only so can the same
 * request go to another server. Gives what makes a fresh copy of the request, or "too large".
 */
export async function bufferBody(
  exchange: Exchange,
  limitBytes: number,
): Promise<(() => Exchange) | "too large"> {
  const { body } = exchange;
  if (!body) return () => exchange;
  if (limitBytes > 0 && Number(exchange.headers["content-length"] ?? 0) > limitBytes)
    return "too large";
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (limitBytes > 0 && bytes > limitBytes) return "too large";
  }
  const headers = { ...exchange.headers, "content-length": String(bytes) };
  return () => ({ ...exchange, headers, body: Readable.from(chunks) });
}
