import { createServer, type AddressInfo } from "node:net";

/** Answers every request with a few fixed bytes, nine in ten as v1: as little work as a server can do. */
const answers = ["v1", "v1", "v1", "v1", "v2", "v1", "v1", "v1", "v1", "v1"].map((version) =>
  Buffer.from(
    `HTTP/1.1 200 OK\r\nx-kubelab-responder: logic/${version}/logic-${version}-0\r\ncontent-type: text/plain\r\ncontent-length: 6\r\n\r\nhello\n`,
  ),
);
let turn = 0;

const server = createServer({ noDelay: true }, (socket) => {
  socket.on("error", () => socket.destroy());
  // None of the clients here pipelines or sends a body: one piece is one request.
  socket.on("data", () => socket.write(answers[turn++ % answers.length] ?? ""));
});
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
process.stdin.on("end", () => process.exit(0)).resume();
