import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../time/clock.ts";
import { OutsideListener } from "./outside-listener.ts";

let inside: Server;
let accepted: Socket[];
let listener: OutsideListener;
let route: () => Promise<{ host: string; port: number; address: string } | undefined>;

beforeEach(async () => {
  accepted = [];
  inside = createServer({ allowHalfOpen: true }, (socket) => accepted.push(socket));
  await listening(inside);
  const target = { host: "127.0.0.1", port: portOf(inside), address: "10.244.0.1" };
  route = async () => target;
  listener = new OutsideListener({ port: 0, route: () => route() });
  await listener.open();
});

afterEach(() => {
  listener.close();
  for (const socket of accepted) socket.destroy();
  inside.close();
});

const listening = (server: Server, port = 0) =>
  new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
const portOf = (server: Server) => (server.address() as AddressInfo).port;

async function both(): Promise<{ outer: Socket; inner: Socket }> {
  const arrived = once(inside, "connection") as Promise<[Socket]>;
  const outer = connect({ port: listener.port, host: "127.0.0.1", allowHalfOpen: true });
  await once(outer, "connect");
  const [inner] = await arrived;
  return { outer, inner };
}

describe("a way in from outside", () => {
  test("keeps one side open after the other has ended", async () => {
    const { outer, inner } = await both();
    outer.end("question");
    expect((await inner.toArray({})).join("")).toBe("question");
    const { outer: second, inner: answering } = await both();
    second.end();
    answering.resume();
    await once(answering, "end");
    answering.write("first ");
    answering.end("last");
    expect((await second.toArray()).join("")).toBe("first last");
    outer.destroy();
  });

  test.each(["outer", "inner"] as const)(
    "passes a reset by the %s side on as a reset",
    async (side) => {
      const pair = await both();
      const other = side === "outer" ? pair.inner : pair.outer;
      const broken = once(other, "error") as Promise<[NodeJS.ErrnoException]>;
      other.resume();
      pair[side].resetAndDestroy();
      expect((await broken)[0].code).toBe("ECONNRESET");
    },
  );

  test("makes a sender wait for a reader that does not read", async () => {
    const { outer, inner } = await both();
    inner.pause();
    let sent = 0;
    const chunk = Buffer.alloc(1 << 20);
    const send = () => {
      while (sent < 64 && outer.write(chunk)) sent++;
    };
    outer.on("drain", send);
    send();
    await systemClock.sleep(500);
    expect(sent).toBeLessThan(64);
    outer.destroy();
  });

  test("resets a connection that leads nowhere", async () => {
    route = async () => undefined;
    const outer = connect(listener.port, "127.0.0.1");
    const [error] = (await once(outer, "error")) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ECONNRESET");
  });

  test("refuses while it has no endpoints, and then opens the same port again", async () => {
    const { port } = listener;
    listener.refuse();
    const refused = connect(port, "127.0.0.1");
    const [error] = (await once(refused, "error")) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ECONNREFUSED");
    expect(await listener.open()).toBe(true);
    expect(listener.port).toBe(port);
  });
});

test("another port is taken where the wanted one is not free", async () => {
  const holder = createServer();
  await listening(holder);
  const second = new OutsideListener({ port: portOf(holder), route: () => route() });
  expect(await second.open()).toBe(false);
  expect(second.port).not.toBe(portOf(holder));
  second.close();
  holder.close();
});
