import { expect, test } from "vitest";
import { exchangeBytes, startProxy, startRawServer } from "./proxy.fixture.ts";

/** An upstream that answers every request it sees and keeps the bytes it was sent. */
async function startRecorder() {
  const seen: string[] = [];
  const server = await startRawServer((socket) => {
    socket.on("data", (chunk) => {
      seen.push(chunk.toString("latin1"));
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    });
  });
  return {
    seen: () => seen.join(""),
    port: server.port,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

const hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";

const ambiguous: Record<string, string> = {
  "both Content-Length and Transfer-Encoding": `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
  "two different Content-Lengths": `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 38\r\n\r\n${hidden}`,
  "a Content-Length that is no number": `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello`,
  "a transfer coding that does not end in chunked": `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n${hidden}`,
  "a space before the header's colon": `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`,
  "a header line folded over two lines": `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked, identity\r\n\r\n0\r\n\r\n${hidden}`,
  "a chunk size that is no number": `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n${hidden}`,
  "a bare CR inside a header": `POST / HTTP/1.1\r\nHost: a\r\nX: y\rTransfer-Encoding: chunked\r\n\r\n${hidden}`,
};

for (const [what, bytes] of Object.entries(ambiguous)) {
  test(`refuses ${what}`, async () => {
    await using app = await startRecorder();
    await using proxy = await startProxy(app.port);
    const answer = await exchangeBytes(proxy.port, bytes);
    expect(answer).toMatch(/400 Bad Request/);
    expect(app.seen()).not.toContain("/hidden");
  });
}

test("frames a chunked body anew, whatever the chunks' sizes and extensions were", async () => {
  await using app = await startRecorder();
  await using proxy = await startProxy(app.port);
  const body = "3;name=value\r\nabc\r\n0\r\n\r\n";
  await exchangeBytes(
    proxy.port,
    `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}`,
    { until: "ok" },
  );
  expect(app.seen()).toMatch(/transfer-encoding: chunked\r\n/);
  expect(app.seen()).not.toContain("name=value");
  expect(app.seen()).toContain("\r\n\r\n3\r\nabc\r\n");
});

test("does not let Connection name a framing header away", async () => {
  await using app = await startRecorder();
  await using proxy = await startProxy(app.port);
  const body = `GET /x HTTP/1.1\r\nHost: b\r\n\r\n`;
  await exchangeBytes(
    proxy.port,
    `POST / HTTP/1.1\r\nHost: a\r\nConnection: content-length\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    { until: "ok" },
  );
  expect(app.seen()).toContain(`content-length: ${body.length}`);
});

test("takes pipelined requests as what they are and answers them in order", async () => {
  await using app = await startRecorder();
  await using proxy = await startProxy(app.port);
  const answer = await exchangeBytes(
    proxy.port,
    "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  );
  expect(answer.match(/200 OK/g)).toHaveLength(2);
});
