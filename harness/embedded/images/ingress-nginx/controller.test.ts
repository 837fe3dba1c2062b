import type { Ingress } from "kubernetes-types/networking/v1";
import { expect, test } from "vitest";
import { systemClock } from "../../../time/clock.ts";
import { createApiServer } from "../../apiserver/api-server.ts";
import type { Client } from "../../client.ts";
import {
  endpointSlices,
  events,
  ingressClasses,
  ingresses,
  namespaces,
  services,
} from "../../resources.ts";
import { IngressController } from "./controller.ts";
import { IngressProxy } from "./handle-request.ts";
import { endpointSlice, ingress, type IngressSpec, service } from "./ingress.fixture.ts";
import { anyHost } from "./routing.ts";
import { clearStatus, keepStatus } from "./status-updater.ts";

interface Started extends AsyncDisposable {
  readonly client: Client;
  readonly proxy: IngressProxy;
  readonly controller: IngressController;
  readonly log: string[];
}

const web: IngressSpec = { rules: [{ host: "a.io", paths: { "/": "web" } }] };

/** A controller on an API server that holds namespace "lab", class "nginx" and Service "web" with one pod. */
async function start(): Promise<Started> {
  const { client } = createApiServer();
  await client.create(namespaces, { metadata: { name: "lab" } });
  for (const [name, controller] of [
    ["nginx", "k8s.io/ingress-nginx"],
    ["other", "other.io/x"],
  ])
    await client.create(ingressClasses, {
      metadata: { name: name as string },
      spec: { controller: controller as string },
    });
  await client.create(services, service("web"));
  await client.create(endpointSlices, endpointSlice("web", ["10.0.0.1"]));
  const proxy = new IngressProxy({ clock: systemClock, access: () => {}, error: () => {} });
  const stop = new AbortController();
  const log: string[] = [];
  const controller = await IngressController.start({
    client,
    clock: systemClock,
    proxy,
    signal: stop.signal,
    controllerClass: "k8s.io/ingress-nginx",
    ingressClass: "nginx",
    watchWithoutClass: false,
    syncRateLimit: 100,
    log: (message) => log.push(message),
  });
  return {
    client,
    proxy,
    controller,
    log,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await controller.stop();
      proxy.close();
    },
  };
}

/** The hosts that an Ingress claims. */
const hosts = ({ proxy }: Started): readonly string[] =>
  [...proxy.routing.hosts.keys()].filter((name) => name !== anyHost).toSorted();
const within = { timeout: 5000, interval: 20 };

test("routes follow Ingresses as they come, change and go", async () => {
  await using started = await start();
  const { client } = started;
  await client.create(ingresses, ingress(web));
  await expect.poll(() => hosts(started), within).toEqual(["a.io"]);

  const key = { namespace: "lab", name: "main" };
  const body = { spec: ingress({ rules: [{ host: "b.io", paths: { "/": "web" } }] }).spec };
  await client.patch(ingresses, key, { type: "merge", body });
  await expect.poll(() => hosts(started), within).toEqual(["b.io"]);
  await client.delete(ingresses, key);
  await expect.poll(() => hosts(started), within).toEqual([]);
});

test("an Ingress of another class, or of none, is left alone", async () => {
  await using started = await start();
  const { client } = started;
  const other = ingress({ ...web, name: "other" });
  const none = ingress({
    ...web,
    name: "none",
    rules: [{ host: "none.io", paths: { "/": "web" } }],
  });
  delete none.spec?.ingressClassName;
  await client.create(ingresses, { ...other, spec: { ...other.spec, ingressClassName: "other" } });
  await client.create(ingresses, none);
  await client.create(
    ingresses,
    ingress({ ...web, rules: [{ host: "ours.io", paths: { "/": "web" } }] }),
  );
  await expect.poll(() => hosts(started), within).toEqual(["ours.io"]);

  // The old annotation counts where no class is named, and only there.
  const noted = (name: string, value: string): Ingress => {
    const object = ingress({
      ...web,
      name,
      rules: [{ host: `${name}.io`, paths: { "/": "web" } }],
    });
    delete object.spec?.ingressClassName;
    const annotations = { "kubernetes.io/ingress.class": value };
    return { ...object, metadata: { ...object.metadata, annotations } };
  };
  await client.create(ingresses, noted("theirs", "other"));
  await client.create(ingresses, noted("old", "nginx"));
  await expect.poll(() => hosts(started), within).toEqual(["old.io", "ours.io"]);
  const classed = { spec: { ingressClassName: "nginx" } };
  const key = { namespace: "lab", name: "theirs" };
  await client.patch(ingresses, key, { type: "merge", body: classed });
  await expect.poll(() => hosts(started), within).toEqual(["old.io", "ours.io", "theirs.io"]);
});

test("endpoints follow within the workers' poll, without a reload", async () => {
  await using started = await start();
  const { client, proxy, log } = started;
  await client.create(ingresses, ingress(web));
  await expect.poll(() => hosts(started), within).toEqual(["a.io"]);
  const reloads = log.length;

  const { endpoints } = endpointSlice("web", ["10.0.0.1", "10.0.0.2"]);
  const key = { namespace: "lab", name: "web-x" };
  await client.patch(endpointSlices, key, { type: "merge", body: { endpoints } });

  const addresses = () =>
    proxy.routing.backends.get("lab-web-80")?.endpoints.map(({ address }) => address);
  await expect.poll(addresses, within).toEqual(["10.0.0.1", "10.0.0.2"]);
  expect(log).toHaveLength(reloads);
});

test("an unknown annotation is a Warning event of the Ingress and a line of the log, once", async () => {
  await using started = await start();
  const { client, log } = started;
  await client.create(ingresses, ingress({ ...web, annotations: { "limit-rps": "5" } }));
  await client.create(services, { ...service("later") });

  const message =
    "annotation nginx.ingress.kubernetes.io/limit-rps is not known to this controller and has no effect";
  const warnings = async (): Promise<unknown> => {
    const { items } = await client.list(events, { namespace: "lab" });
    return items
      .filter(({ type }) => type === "Warning")
      .map(({ reason, message: said, involvedObject, count }) => [
        reason,
        said,
        involvedObject.name,
        count,
      ]);
  };
  await expect.poll(warnings, within).toEqual([["Ineffective", message, "main", 1]]);
  expect(log.filter((line) => line === `ingress lab/main: ${message}`)).toHaveLength(1);
});

test("the status says where the controller is reached, and nothing once it stops", async () => {
  await using started = await start();
  const { client, controller } = started;
  await client.create(ingresses, ingress(web));
  await expect.poll(() => hosts(started), within).toEqual(["a.io"]);
  const ending = new AbortController();
  const status = {
    client,
    clock: systemClock,
    signal: ending.signal,
    intervalMs: 50,
    publishService: () => ({
      spec: { type: "LoadBalancer" },
      status: { loadBalancer: { ingress: [{ ip: "127.0.0.1" }] } },
    }),
    ingresses: () => controller.ours(),
    log: () => {},
  };
  const kept = keepStatus(status);
  const address = async (): Promise<unknown> => {
    const { status: now } = await client.get(ingresses, { namespace: "lab", name: "main" });
    return now?.loadBalancer?.ingress?.[0]?.ip;
  };
  await expect.poll(address, within).toBe("127.0.0.1");
  ending.abort();
  await kept;
  await clearStatus(status);
  expect(await address()).toBeUndefined();
});
