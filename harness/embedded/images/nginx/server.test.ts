import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { request, type Dispatcher } from "undici";
import { expect, test } from "vitest";
import { systemClock } from "../../../time/clock.ts";
import { read, startEcho, startNginx, type Seen } from "./nginx.fixture.ts";
import { Nginx } from "./server.ts";

interface Answer {
  readonly status: number;
  readonly headers: Dispatcher.ResponseData["headers"];
  readonly text: string;
}

async function get(
  url: string,
  options: { method?: Dispatcher.HttpMethod; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { statusCode, headers, body } = await request(url, options);
  return { status: statusCode, headers, text: await body.text() };
}

const seen = ({ text }: Answer): Seen => JSON.parse(text) as Seen;

test("the tutorial's configuration passes the client's host and address on", async () => {
  await using app = await startEcho();
  await using server = await startNginx(`
    upstream laravelapp { server 127.0.0.1:${app.port}; }
    server {
      listen 80; server_name localhost; root /usr/share/nginx/html;
      location / {
        proxy_pass http://laravelapp;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header Host $host;
        proxy_redirect off;
      }
    }`);

  const headers = { "x-forwarded-for": "1.2.3.4", host: "shop.example:8080", connection: "close" };
  const answer = await get(`${server.url}/a%20b?c=d`, { headers });

  expect(answer.headers["server"]).toBe("nginx/1.27.5");
  expect(seen(answer)).toMatchObject({
    path: "/a%20b?c=d",
    headers: {
      host: "shop.example",
      "x-real-ip": "127.0.0.1",
      "x-forwarded-for": "1.2.3.4, 127.0.0.1",
    },
  });
  expect(server.access[0]).toMatch(
    /^127\.0\.0\.1 - - \[.+\] "GET \/a%20b\?c=d HTTP\/1\.1" 200 [-\d]+ "-" "-" "1\.2\.3\.4"$/,
  );
});

test("by default the upstream sees its own name as the host", async () => {
  await using app = await startEcho();
  await using server = await startNginx(`
    upstream up { server 127.0.0.1:${app.port}; } server { location / { proxy_pass http://up; } }`);
  expect(seen(await get(server.url)).headers.host).toBe("up");
});

test("servers of an upstream take turns, by weight", async () => {
  await using one = await startEcho();
  await using two = await startEcho();
  await using server = await startNginx(`
    upstream up { server 127.0.0.1:${one.port} weight=2; server 127.0.0.1:${two.port}; }
    server { location / { proxy_pass http://up; } }`);
  for (let count = 0; count < 9; count++) await get(server.url);
  expect([one.requests(), two.requests()]).toEqual([6, 3]);
});

test("a server that refuses is passed over, also for a POST, and left alone for a while", async () => {
  await using gone = await startEcho();
  await using alive = await startEcho();
  await gone[Symbol.asyncDispose]();
  await using server = await startNginx(`
    upstream up { server 127.0.0.1:${gone.port}; server 127.0.0.1:${alive.port}; }
    server { location / { proxy_pass http://up; } }`);

  const answers = [];
  for (let count = 0; count < 4; count++)
    answers.push(await get(server.url, { method: "POST", body: "hello" }));

  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(answers.map((answer) => seen(answer).body)).toEqual(Array(4).fill("hello"));
  expect(server.errors).toHaveLength(1);
});

test("an upstream that is not there is a 502, a late one a 504, too much body a 413", async () => {
  await using gone = await startEcho();
  await using late = await startEcho({ delayMs: 2000 });
  await gone[Symbol.asyncDispose]();
  await using server = await startNginx(`server {
    location /gone { proxy_pass http://127.0.0.1:${gone.port}; }
    location /late { proxy_pass http://127.0.0.1:${late.port}; proxy_read_timeout 100ms; }
    location /small { proxy_pass http://127.0.0.1:${late.port}; client_max_body_size 1k; }
  }`);
  const refused = await get(`${server.url}/gone`);
  expect(refused.status).toBe(502);
  expect(refused.text).toBe(
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx/1.27.5</center>\r\n</body>\r\n</html>\r\n",
  );
  expect((await get(`${server.url}/late`)).text).toContain("504 Gateway Time-out");
  const large = { method: "POST", body: "x".repeat(1025) } as const;
  expect((await get(`${server.url}/small`, large)).text).toContain("413 Request Entity Too Large");
  expect(late.requests()).toBe(1);
});

// The answers are what nginx 1.22 gave with the same configuration.
test.for([
  { path: "/exact", status: 200, text: "exact" },
  { path: "/a.txt", status: 200, text: "txt" },
  { path: "/RE/foo", status: 200, text: "re foo" },
  { path: "/nore/a.txt", status: 200, text: "nore" },
  { path: "/deep/er/x", status: 200, text: "deeper" },
  { path: "/deep/../exact", status: 200, text: "exact" },
  { path: "/other", status: 200, text: "all" },
  { path: "/none", status: 404, text: "<title>404 Not Found</title>" },
  {
    path: "/vars/a%41?a=1&b=2",
    status: 200,
    text: "/vars/aA|/vars/a%41?a=1&b=2|a=1&b=2|1|q|http|80|GET|site",
  },
  { path: "/moved", status: 301, text: "301 Moved Permanently", location: "http://site.io/new" },
  { path: "/away?x", status: 302, text: "302 Found", location: "https://site.io/away?x" },
  { path: "/dir", status: 301, text: "301 Moved Permanently", location: "http://site.io/dir/" },
  { path: "/%", status: 400, text: "400 Bad Request" },
])("$path is answered $status $text", async ({ path, status, text, location }) => {
  await using server = await startNginx(`server {
    server_name site;
    location / { return 200 all; }
    location = /exact { return 200 exact; }
    location ~ \\.txt$ { return 200 txt; }
    location ~* ^/re/(.*)$ { return 200 "re $1"; }
    location ^~ /nore/ { return 200 nore; }
    location /deep/ { return 200 deep; }
    location /deep/er { return 200 deeper; }
    location /none { return 404; }
    location /vars { return 200 "$uri|$request_uri|$args|$arg_a|$http_x_y|$scheme|$server_port|$request_method|$server_name"; }
    location /moved { return 301 /new; }
    location /away { return 302 https://$host$request_uri; }
    location /dir/ { proxy_pass http://127.0.0.1:1; }
  }`);
  const socket = connect(server.nginx.portOf(80) as number, "127.0.0.1").setEncoding("utf8");
  socket.write(`GET ${path} HTTP/1.1\r\nHost: site.io\r\nX-Y: q\r\nConnection: close\r\n\r\n`);
  let answer = "";
  socket.on("data", (chunk: string) => (answer += chunk));
  await once(socket, "close");
  expect(answer).toContain(`HTTP/1.1 ${status} `);
  expect(answer).toContain(text);
  expect(/^location: (.*)\r$/im.exec(answer)?.[1]).toBe(location);
});

test("proxy_pass with a path replaces the location's, and turns the upstream's redirects back", async () => {
  await using app = await startEcho({ location: "http://up/q/z" });
  await using server = await startNginx(`
    upstream up { server 127.0.0.1:${app.port}; }
    server { location /p/ { proxy_pass http://up/q/; } }`);
  const answer = await get(`${server.url}/p/a/../b//c?d`, { headers: { host: "x.io" } });
  expect(seen(answer).path).toBe("/q/b/c?d");
  expect(answer.headers["location"]).toBe("http://x.io/p/z");
});

test("a server is chosen by exact name, then *.name, then name.*, then by default", async () => {
  await using server = await startNginx(`
    server { server_name first; return 200 first; }
    server { server_name *.wild.io; return 200 wild; }
    server { server_name a.wild.io; return 200 exact; }
    server { server_name pre.*; return 200 pre; }
    server { listen 80 default_server; return 200 default; }`);
  const at = async (host: string): Promise<string> =>
    (await get(server.url, { headers: { host } })).text;
  expect(await Promise.all(["first", "b.wild.io", "A.wild.io:80", "pre.x", "zzz"].map(at))).toEqual(
    ["first", "wild", "exact", "pre", "default"],
  );
});

test("files are served from root, index.html for a folder, by GET and HEAD only", async () => {
  const root = fileURLToPath(new URL("html", import.meta.url));
  await using server = await startNginx(`server { root ${root}; }`);
  const page = await get(server.url);
  expect(page.text).toContain("<h1>Welcome to nginx!</h1>");
  expect(page.headers["content-type"]).toBe("text/html");
  expect((await get(`${server.url}/index.html`)).text).toBe(page.text);
  expect((await get(`${server.url}/nope`)).status).toBe(404);
  expect((await get(`${server.url}/a/..%2f..%2fserver.ts`)).status).toBe(400);
  expect((await get(server.url, { method: "POST" })).status).toBe(405);
});

test("nginx does not start where an upstream's name is unknown", async () => {
  const config = read("server {\n location / { proxy_pass http://no-such-host.invalid; }\n}");
  const options = { clock: systemClock, name: "nginx", access: () => {}, error: () => {} };
  await expect(Nginx.start(config, { ...options, mapPort: () => 0 })).rejects.toThrow(
    'host not found in upstream "no-such-host.invalid" in /etc/nginx/conf.d/default.conf:2',
  );
});
