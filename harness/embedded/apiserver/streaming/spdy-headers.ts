import { constants, createDeflate, createInflate, type Deflate, type Inflate } from "node:zlib";

const words = [
  "options head post put delete trace accept accept-charset accept-encoding accept-language",
  "accept-ranges age allow authorization cache-control connection content-base content-encoding",
  "content-language content-length content-location content-md5 content-range content-type date",
  "etag expect expires from host if-match if-modified-since if-none-match if-range",
  "if-unmodified-since last-modified location max-forwards pragma proxy-authenticate",
  "proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade",
  "user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url",
  "public set-cookie keep-alive origin",
]
  .flatMap((line) => line.split(" "))
  .map((word) => word.replace("_", " "));

const phrases =
  "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 " +
  "Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized" +
  "403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service UnavailableJan " +
  "Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT" +
  "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain," +
  "text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.";

/** The dictionary that both sides of SPDY/3 start their compression with. */
export const headerDictionary = Buffer.concat([
  ...words.map((word) => withLength(word)),
  Buffer.from(phrases, "latin1"),
]);

function withLength(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** Header blocks of one connection: each direction is one stream of compressed data. */
export class HeaderBlocks {
  readonly #inflate: Inflate = createInflate({
    dictionary: headerDictionary,
    finishFlush: constants.Z_SYNC_FLUSH,
  });
  readonly #deflate: Deflate = createDeflate({ dictionary: headerDictionary });

  /** Blocks must be read in the order in which they came. */
  async read(block: Buffer): Promise<Map<string, string>> {
    await new Promise<void>((resolve, reject) => {
      this.#inflate.once("error", reject);
      this.#inflate.write(block, () => {
        this.#inflate.off("error", reject);
        resolve();
      });
    });
    return parse((this.#inflate.read() as Buffer | null) ?? Buffer.alloc(4));
  }

  /** A block without headers, which is all that answers need. */
  async empty(): Promise<Buffer> {
    await new Promise<void>((resolve) => {
      this.#deflate.write(Buffer.alloc(4));
      this.#deflate.flush(constants.Z_SYNC_FLUSH, resolve);
    });
    return (this.#deflate.read() as Buffer | null) ?? Buffer.alloc(0);
  }

  close(): void {
    this.#inflate.close();
    this.#deflate.close();
  }
}

function parse(block: Buffer): Map<string, string> {
  const headers = new Map<string, string>();
  let at = 4;
  const text = (): string => {
    const length = block.readUInt32BE(at);
    at += 4 + length;
    return block.subarray(at - length, at).toString();
  };
  for (let left = block.readUInt32BE(0); left > 0; left--) {
    const name = text();
    headers.set(name.toLowerCase(), text());
  }
  return headers;
}
