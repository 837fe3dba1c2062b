import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../time/clock.ts";
import { containersOf, engineOrReason, LabCommand, remains } from "./docker/engine.fixture.ts";
import type { Engine } from "./docker/engine.ts";
import { buildK3sStandIn } from "./docker/k3s-stand-in/build.ts";
import { removeLeftovers } from "./docker/leftovers.ts";

const found = await engineOrReason();
const lab = ["service-round-robin", "--cluster", "k3s"];

describe.skipIf(!found.engine)(
  `ends of a run on k3s (${found.reason ?? "an engine answers"})`,
  () => {
    let engine: Engine;
    let env: Record<string, string>;

    beforeAll(async () => {
      if (!found.engine) return;
      engine = found.engine;
      env = { KUBELAB_K3S_IMAGE: await buildK3sStandIn() };
    }, 180_000);

    /** The run's container, once there is one. */
    async function containerOf(command: LabCommand) {
      for (;;) {
        const containers = await containersOf(engine, command.pid);
        if (containers.length > 0) return containers;
        await systemClock.sleep(20);
      }
    }

    test("a run to its end leaves nothing", async () => {
      const command = new LabCommand(lab, { env });
      const containers = await containerOf(command);
      expect({ code: await command.ended, output: command.output }).toMatchObject({ code: 0 });
      expect(await remains(engine, containers)).toEqual([]);
    }, 120_000);

    test("without testcontainers' settings it goes by the engine's own address, and without Ryuk", async () => {
      const settings = {
        TESTCONTAINERS_RYUK_DISABLED: undefined,
        TESTCONTAINERS_HOST_OVERRIDE: undefined,
      };
      const command = new LabCommand(["deploy-app", "--cluster", "k3s"], {
        env: { ...env, ...settings },
      });
      expect({ code: await command.ended, output: command.output }).toMatchObject({ code: 0 });
    }, 120_000);

    test("Ctrl-C ends the wait for a server that never gets ready", async () => {
      const image = "kubelab/never-ready:test";
      const dockerfile = 'FROM busybox:1.37\nENTRYPOINT ["sh", "-c", "sleep 600"]\n';
      const folder = mkdtempSync(join(tmpdir(), "kubelab-never-ready-"));
      writeFileSync(join(folder, "Dockerfile"), dockerfile);
      await engine.docker(["build", "--quiet", "--tag", image, folder]);
      try {
        const command = new LabCommand(lab, { env: { KUBELAB_K3S_IMAGE: image } });
        const containers = await containerOf(command);
        await systemClock.sleep(1_000);
        const interruptedAt = systemClock.now();
        command.kill("SIGINT");
        expect({ code: await command.ended, output: command.output }).toMatchObject({ code: 130 });
        expect(systemClock.now() - interruptedAt).toBeLessThan(20_000);
        expect(await remains(engine, containers)).toEqual([]);
      } finally {
        await engine.docker(["rmi", image]);
        rmSync(folder, { recursive: true, force: true });
      }
    }, 120_000);

    test.each([
      ["while the container starts", /cluster: k3s \(/],
      ["while images are brought", /cluster: images/],
      ["in the middle of a lab", /^1\. /m],
    ])(
      "Ctrl-C %s leaves nothing and exits with 130",
      async (_when, printed) => {
        const command = new LabCommand(lab, { env });
        await command.printed(printed);
        const containers = await containerOf(command);
        command.kill("SIGINT");
        expect({ code: await command.ended, output: command.output }).toMatchObject({ code: 130 });
        expect(await containersOf(engine, command.pid)).toEqual([]);
        expect(await remains(engine, containers)).toEqual([]);
      },
      120_000,
    );

    test("what a killed run leaves is removed by the next, with its volumes", async () => {
      const command = new LabCommand(lab, { env });
      await command.printed(/^1\. /m);
      const containers = await containersOf(engine, command.pid);
      command.kill("SIGKILL");
      await command.ended;
      expect(containers).toHaveLength(1);
      // A run of another test may have swept it by now: what counts is that it is gone.
      await removeLeftovers(engine);
      expect(await remains(engine, containers)).toEqual([]);
    }, 120_000);

    test("an engine that goes away under way is told, and the container is removed by the next run", async () => {
      const folder = mkdtempSync(join(tmpdir(), "kubelab-engine-"));
      const path = join(folder, "docker.sock");
      const relay = await relayTo("/var/run/docker.sock", path);
      try {
        const command = new LabCommand(lab, { env: { ...env, DOCKER_HOST: `unix://${path}` } });
        await command.printed(/^2\. /m);
        const containers = await containersOf(engine, command.pid);
        relay.close();
        await engine.api.getContainer(containers[0]?.id ?? "").kill();
        expect(await command.ended).toBe(3);
        expect(command.output).toContain("the Docker engine stopped answering; its container");
        expect(command.output).toContain("The next run on k3s removes it.");
        await removeLeftovers(engine);
        expect(await remains(engine, containers)).toEqual([]);
      } finally {
        relay.close();
        rmSync(folder, { recursive: true, force: true });
      }
    }, 180_000);
  },
);

describe.skipIf(!found.engine)(
  `k3s that cannot be had (${found.reason ?? "an engine answers"})`,
  () => {
    async function outcome(options: ConstructorParameters<typeof LabCommand>[1], args = lab) {
      const command = new LabCommand(args, options);
      const code = await command.ended;
      const containers = found.engine ? await containersOf(found.engine, command.pid) : [];
      return { code, output: command.output, containers };
    }

    test("a taken port is named, and nothing is left", async () => {
      const taken = createServer();
      const port = await listen(taken);
      const image = await buildK3sStandIn();
      const env = { KUBELAB_K3S_IMAGE: image, KUBELAB_K3S_PORT: String(port) };
      const { code, output, containers } = await outcome({ env });
      taken.close();
      expect(output).toMatch(new RegExp(`a port the cluster needs is taken: \\S*:${port}`));
      expect(output).toContain("Stop the program that holds the port or choose another.");
      expect(code).toBe(3);
      expect(containers).toEqual([]);
    }, 60_000);

    test.each([
      [404, "MANIFEST_UNKNOWN", /image \S+ is not here and cannot be pulled: .*manifest/],
      [
        429,
        "TOOMANYREQUESTS",
        /the registry refuses to serve \S+ for now: its rate limit is reached/,
      ],
    ])(
      "a registry's %i is one sentence with a way out",
      async (status, error, sentence) => {
        const registry = registryThatRefuses(status, error);
        const port = await listen(registry);
        const image = `127.0.0.1:${port}/rancher/k3s:v1`;
        const { code, output } = await outcome({ env: { KUBELAB_K3S_IMAGE: image } });
        registry.close();
        expect(output).toMatch(sentence);
        expect(output).toContain("→ ");
        expect(code).toBe(3);
      },
      60_000,
    );

    test("no engine is one sentence with a way out", async () => {
      const { code, output } = await outcome({ env: { DOCKER_HOST: "unix:///tmp/no-such.sock" } });
      expect(output).toContain("no Docker engine answers at DOCKER_HOST=unix:///tmp/no-such.sock");
      expect(output).toContain("run with --cluster embedded");
      expect(code).toBe(3);
    }, 60_000);

    test.skipIf(process.getuid?.() !== 0)(
      "a socket that lets this user not in is told as such",
      async () => {
        const { code, output } = await outcome({ uid: 65_534, env: { HOME: "/tmp" } });
        expect(output).toContain(
          "the Docker engine's socket /var/run/docker.sock does not let this user in",
        );
        expect(output).toContain("add your user to its group");
        expect(code).toBe(3);
      },
      60_000,
    );

    test("chosen by itself it gives way to embedded, and one line says why", async () => {
      const args = ["deploy-app", "--step", "1"];
      const { code, output } = await outcome(
        { env: { DOCKER_HOST: "unix:///tmp/no-such.sock" } },
        args,
      );
      expect(output).toContain(
        "cluster: embedded, because no Docker engine answers at DOCKER_HOST=",
      );
      expect({ code, output }).toMatchObject({ code: 0 });
    }, 60_000);
  },
);

function listen(server: Server | HttpServer): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, () => resolve((server.address() as AddressInfo).port));
  });
}

/** A registry that answers everything but its greeting with this error. */
function registryThatRefuses(status: number, code: string): HttpServer {
  return createHttpServer((request, response) => {
    const isGreeting = request.url === "/v2/";
    response.writeHead(isGreeting ? 200 : status, { "content-type": "application/json" });
    response.end(JSON.stringify({ errors: [{ code, message: code.toLowerCase() }] }));
  });
}

/** A socket that leads to another, until it is closed. */
async function relayTo(target: string, path: string): Promise<{ close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((from) => {
    const to = connect(target);
    for (const socket of [from, to]) {
      sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    }
    from.pipe(to).pipe(from);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
