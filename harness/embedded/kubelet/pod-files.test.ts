import { expect, test } from "vitest";
import { configMaps, pods, secrets } from "../resources.ts";
import { shell, startTestNode } from "./node.fixture.ts";

const namespace = "default";
const idle = "exec sleep 1000";

test("a file mounted by subPath shows in its folder, to the shell, to Node and by a relative path", async () => {
  await using node = await startTestNode();
  const data = { "app.yaml": "name: app\n", "other.yaml": "" };
  await node.client.create(configMaps, { metadata: { namespace, name: "cfg" }, data });
  await node.create("p", {
    volumes: [
      { name: "v", configMap: { name: "cfg" } },
      { name: "shared", emptyDir: {} },
    ],
    containers: [
      shell(idle, {
        workingDir: "/go",
        volumeMounts: [
          { name: "v", mountPath: "/go/bin/app.yaml", subPath: "app.yaml" },
          { name: "v", mountPath: "/go/all" },
          { name: "shared", mountPath: "/shared" },
          { name: "v", mountPath: "/shared/in/app.yaml", subPath: "app.yaml" },
        ],
      }),
    ],
  });
  await node.until("p", ({ phase }) => phase === "Running");
  const said = async (...command: string[]): Promise<string> =>
    (await node.exec("p", command)).out.trim();
  expect(await said("ls", "/go/bin")).toBe("app.yaml");
  expect(await said("ls", "/shared/in")).toBe("app.yaml");
  expect(await said("cat", "/shared/in/app.yaml")).toBe("name: app");
  expect(await said("sh", "-c", "cat bin/app.yaml all/app.yaml")).toBe("name: app\nname: app");
  const list = `console.log(fs.readdirSync("/go").join(), fs.readdirSync("/go/bin").join(),
    fs.statSync("/go/bin/app.yaml").size, fs.readFileSync("bin/app.yaml", "utf8"))`;
  expect(await said("node", "-e", list)).toBe("all,bin app.yaml 10 name: app");
});

test("subPathExpr names the folder by the container's variables", async () => {
  await using node = await startTestNode();
  const volumeMounts = [
    { name: "logs", mountPath: "/logs", subPathExpr: "$(POD)/$(KIND)" },
    { name: "logs", mountPath: "/all" },
  ];
  const env = [
    { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    { name: "KIND", value: "access" },
  ];
  await node.create("p", {
    volumes: [{ name: "logs", emptyDir: {} }],
    containers: [shell(`echo line > /logs/a.log; ${idle}`, { env, volumeMounts })],
  });
  await node.until("p", ({ phase }) => phase === "Running");
  await expect
    .poll(async () => (await node.exec("p", ["cat", "/all/p/access/a.log"])).out)
    .toBe("line\n");
});

test("a downwardAPI volume tells of the pod, and follows its labels and annotations", async () => {
  await using node = await startTestNode({ resyncMs: 300 });
  const field = (path: string, fieldPath: string): object => ({ path, fieldRef: { fieldPath } });
  const items = [
    field("labels", "metadata.labels"),
    field("id/name", "metadata.name"),
    field("tier", "metadata.annotations['tier']"),
    {
      path: "cpu",
      resourceFieldRef: { containerName: "c", resource: "limits.cpu", divisor: "1m" },
    },
  ] as { path: string }[];
  await node.create(
    "p",
    {
      volumes: [{ name: "me", downwardAPI: { items } }],
      containers: [
        shell(idle, {
          resources: { limits: { cpu: "250m" } },
          volumeMounts: [{ name: "me", mountPath: "/me" }],
        }),
      ],
    },
    { labels: { app: "web", zone: "b" }, annotations: { tier: "gold" } },
  );
  await node.until("p", ({ phase }) => phase === "Running");
  const show = async (): Promise<string> =>
    (
      await node.exec("p", [
        "sh",
        "-c",
        "cd /me; cat labels; echo; cat id/name; echo; cat tier cpu",
      ])
    ).out;
  expect(await show()).toBe('app="web"\nzone="b"\np\ngold250');
  const body = { metadata: { labels: { zone: "c" }, annotations: { tier: "lead" } } };
  await node.client.patch(pods, { namespace, name: "p" }, { type: "merge", body });
  await expect.poll(show, { timeout: 5000 }).toBe('app="web"\nzone="c"\np\nlead250');
});

test("a projected volume joins its sources, with their paths and modes", async () => {
  await using node = await startTestNode();
  await node.client.create(configMaps, { metadata: { namespace, name: "cfg" }, data: { a: "A" } });
  const data = { password: "c2VjcmV0" };
  await node.client.create(secrets, { metadata: { namespace, name: "sec" }, data });
  await node.create("p", {
    volumes: [
      {
        name: "all",
        projected: {
          defaultMode: 0o444,
          sources: [
            { configMap: { name: "cfg", items: [{ key: "a", path: "conf/a.txt" }] } },
            { secret: { name: "sec", items: [{ key: "password", path: "pw", mode: 0o400 }] } },
            { secret: { name: "nope", optional: true } },
            {
              downwardAPI: {
                items: [{ path: "ns", fieldRef: { fieldPath: "metadata.namespace" } }],
              },
            },
            { serviceAccountToken: { path: "token", audience: "vault" } },
          ],
        },
      },
    ],
    containers: [shell(idle, { volumeMounts: [{ name: "all", mountPath: "/all" }] })],
  });
  await node.until("p", ({ phase }) => phase === "Running");
  const script = "cd /all; ls; cat conf/a.txt pw ns; echo; stat -L -c %a pw ns";
  expect((await node.exec("p", ["sh", "-c", script])).out.split("\n")).toEqual([
    "conf",
    "ns",
    "pw",
    "token",
    "Asecretdefault",
    "400",
    "444",
    "",
  ]);
  const token = (await node.exec("p", ["cat", "/all/token"])).out;
  const claims = JSON.parse(
    Buffer.from(token.split(".")[1] ?? "", "base64url").toString(),
  ) as object;
  expect(claims).toMatchObject({ aud: ["vault"], "kubernetes.io": { pod: { name: "p" } } });
});

test("a projected source that is missing keeps the pod waiting and is named", async () => {
  await using node = await startTestNode();
  await node.create("p", {
    volumes: [{ name: "all", projected: { sources: [{ secret: { name: "nope" } }] } }],
    containers: [shell(idle, { volumeMounts: [{ name: "all", mountPath: "/all" }] })],
  });
  await expect
    .poll(async () => (await node.events("p"))[0]?.message)
    .toBe('MountVolume.SetUp failed for volume "all" : secret "nope" not found');
});

test("hostAliases name addresses in /etc/hosts and for connections", async () => {
  await using node = await startTestNode();
  const web = "mkdir -p /www; hostname > /www/index.html; exec httpd -f -p 8080 -h /www";
  const readinessProbe = { tcpSocket: { port: 8080 }, periodSeconds: 1 };
  await node.create("web", { containers: [shell(web, { readinessProbe })] });
  const { status } = await node.until("web", (it) => it.conditions?.[2]?.status === "True");
  await node.create("p", {
    hostAliases: [{ ip: status?.podIP ?? "", hostnames: ["shop.example", "shop"] }],
    containers: [shell(idle)],
  });
  await node.until("p", ({ phase }) => phase === "Running");
  expect((await node.exec("p", ["cat", "/etc/hosts"])).out).toContain(
    `# Entries added by HostAliases.\n${status?.podIP}\tshop.example\tshop\n`,
  );
  expect((await node.exec("p", ["wget", "-qO-", "http://shop.example:8080/"])).out).toBe("web\n");
  const unknown = await node.exec("p", ["wget", "-qO-", "http://other.example:8080/"]);
  expect(unknown.code).not.toBe(0);
});

test("a pod with a subdomain has a full name, which can be its host name", async () => {
  await using node = await startTestNode();
  const named = { hostname: "db-0", subdomain: "db", containers: [shell(idle)] };
  const full = "db-0.db.default.svc.cluster.local";
  await node.create("short", named);
  await node.create("full", { ...named, setHostnameAsFQDN: true });
  const long = `${"a".repeat(40)}.default.svc.cluster.local`;
  await node.create("long", { ...named, subdomain: "a".repeat(40), setHostnameAsFQDN: true });
  for (const name of ["short", "full"]) await node.until(name, ({ phase }) => phase === "Running");
  const said = async (name: string, script: string): Promise<string> =>
    (await node.exec(name, ["sh", "-c", script])).out;
  expect(await said("short", "hostname; hostname -f")).toBe(`db-0\n${full}\n`);
  expect(await said("full", "hostname; hostname -s; echo $HOSTNAME")).toBe(
    `${full}\ndb-0\n${full}\n`,
  );
  expect(await said("full", "cat /etc/hosts")).toContain(`\t${full}\tdb-0\n`);
  await expect
    .poll(async () => (await node.events("long")).map(({ message }) => message)[0])
    .toBe(
      `Failed to create pod sandbox: Failed to construct FQDN from Pod hostname and cluster domain, FQDN db-0.${long} is too long (64 characters is the max, ${long.length + 5} characters requested)`,
    );
});

test("dnsConfig adds to what the pod's policy gives, or is all there is", async () => {
  await using node = await startTestNode();
  const dnsConfig = {
    nameservers: ["192.0.2.1"],
    searches: ["corp.example"],
    options: [{ name: "ndots", value: "2" }, { name: "edns0" }],
  };
  await node.create("more", { dnsConfig, containers: [shell(idle)] });
  await node.create("own", { dnsPolicy: "None", dnsConfig, containers: [shell(idle)] });
  const conf = async (name: string): Promise<string> => {
    await node.until(name, ({ phase }) => phase === "Running");
    return (await node.exec(name, ["cat", "/etc/resolv.conf"])).out;
  };
  expect(await conf("more")).toBe(
    "search default.svc.cluster.local svc.cluster.local cluster.local corp.example\nnameserver 10.96.0.10\nnameserver 192.0.2.1\noptions ndots:2 edns0\n",
  );
  expect(await conf("own")).toBe(
    "search corp.example\nnameserver 192.0.2.1\noptions ndots:2 edns0\n",
  );
});

test("a container changes its own copy of what its image serves, and no other container's", async () => {
  await using node = await startTestNode();
  const files = [{ name: "files", mountPath: "/usr/share/nginx/html" }];
  for (const name of ["one", "two"])
    await node.create(name, { containers: [{ name: "c", image: "nginx" }] });
  await node.create("three", {
    volumes: [{ name: "files", emptyDir: {} }],
    containers: [{ name: "c", image: "nginx", volumeMounts: files }],
  });
  for (const name of ["one", "two", "three"])
    await node.until(name, ({ phase }) => phase === "Running");
  const page = "/usr/share/nginx/html/index.html";
  const served = async (name: string): Promise<string> =>
    (await node.exec(name, ["curl", "-s", "localhost"])).out;
  await expect.poll(() => served("one"), { timeout: 10_000 }).toContain("Welcome to nginx!");
  await node.exec("one", ["sh", "-c", `hostname > ${page}`]);
  expect(await served("one")).toBe("one\n");
  await expect.poll(() => served("two"), { timeout: 10_000 }).toContain("Welcome to nginx!");
  expect((await node.exec("three", ["ls", "/usr/share/nginx/html"])).out).toBe("");
});
