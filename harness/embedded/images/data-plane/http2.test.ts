import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceDefinition,
} from "@grpc/grpc-js";
import { connect, createServer } from "node:http2";
import { once } from "node:events";
import { expect, test } from "vitest";
import { startProxy } from "./proxy.fixture.ts";

const asText = { serialize: (text: string) => Buffer.from(text), deserialize: String };
const service: ServiceDefinition = {
  echo: {
    path: "/test.Echo/Echo",
    requestStream: false,
    responseStream: false,
    requestSerialize: asText.serialize,
    requestDeserialize: asText.deserialize,
    responseSerialize: asText.serialize,
    responseDeserialize: asText.deserialize,
  },
};

async function startGrpc() {
  const server = new Server();
  server.addService(service, {
    echo: (call: ServerUnaryCall<string, string>, reply: sendUnaryData<string>) => {
      const trailer = new Metadata();
      trailer.set("x-trailer", String(call.metadata.get("x-sent")[0]));
      if (call.request === "fail")
        reply({ code: status.NOT_FOUND, details: "no such thing", metadata: trailer });
      else reply(null, `echo ${call.request}`, trailer);
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      server.forceShutdown();
    },
  };
}

function ask(client: Client, text: string) {
  const metadata = new Metadata();
  metadata.set("x-sent", "m");
  return new Promise<{ value?: string; code?: number; details?: string; trailer?: string }>(
    (resolve) => {
      let answer: { value?: string; details?: string } = {};
      client
        .makeUnaryRequest(
          "/test.Echo/Echo",
          asText.serialize,
          asText.deserialize,
          text,
          metadata,
          (error, value) => {
            answer = error ? { details: error.details } : { value: value ?? "" };
          },
        )
        .on("status", (ended) => {
          const trailer = String(ended.metadata.get("x-trailer")[0]);
          resolve({ ...answer, code: ended.code, trailer });
        });
    },
  );
}

test("carries gRPC calls with metadata, trailers and statuses, found by their preface", async () => {
  await using app = await startGrpc();
  await using proxy = await startProxy(app.port, { protocol: "downstream" });
  const client = new Client(`127.0.0.1:${proxy.port}`, credentials.createInsecure());
  expect(await ask(client, "a")).toMatchObject({ value: "echo a", code: 0, trailer: "m" });
  expect(await ask(client, "fail")).toMatchObject({ code: 5, trailer: "m" });
  client.close();
});

test("tells a gRPC client of a dead upstream by grpc-status 14 in a 200", async () => {
  const gone = await startGrpc();
  await gone[Symbol.asyncDispose]();
  await using proxy = await startProxy(gone.port, { protocol: "downstream" });
  const client = new Client(`127.0.0.1:${proxy.port}`, credentials.createInsecure());
  expect(await ask(client, "a")).toMatchObject({ code: 14, details: "Connection refused" });
  client.close();
});

test("cancels the upstream's stream when the client cancels its own", async () => {
  const closed = Promise.withResolvers<number>();
  const app = createServer();
  app.on("stream", (stream) => {
    stream.respond({ ":status": 200 });
    stream.write("x");
    stream.on("error", () => {});
    stream.once("close", () => closed.resolve(stream.rstCode));
  });
  app.listen(0, "127.0.0.1");
  await once(app, "listening");
  await using proxy = await startProxy((app.address() as { port: number }).port, {
    protocol: "http2",
  });
  const session = connect(`http://127.0.0.1:${proxy.port}`);
  const stream = session.request({ ":path": "/" });
  await once(stream, "response");
  stream.close(8);
  expect(await closed.promise).toBe(8);
  session.destroy();
  app.close();
});
