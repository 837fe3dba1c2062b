import { expect, test } from "vitest";
import { read } from "./nginx.fixture.ts";

const place = " in /etc/nginx/conf.d/default.conf:";

// The messages are what nginx 1.22 said to the same files.
test.for([
  ["server {\n  listen 80;\n  foo bar;\n}", `unknown directive "foo"${place}3`],
  ["server {\n  listen 80\n  server_name a;\n}", `invalid parameter "server_name"${place}3`],
  ["server {\n  listen 80;\n", `unexpected end of file, expecting "}"${place}3`],
  ["server { listen 80; } }", `unexpected "}"${place}1`],
  ["{ }", `unexpected "{"${place}1`],
  ["server ;", `directive "server" has no opening "{"${place}1`],
  ["server { listen 80 {} }", `directive "listen" is not terminated by ";"${place}1`],
  ["listen 80;", `"listen" directive is not allowed here${place}1`],
  ["server { proxy_pass http://a; }", `"proxy_pass" directive is not allowed here${place}1`],
  [
    "server { location / { proxy_pass; } }",
    `invalid number of arguments in "proxy_pass" directive${place}1`,
  ],
  ["server { location / { proxy_pass ftp://a; } }", `invalid URL prefix${place}1`],
  ["server { location / { return 200 $foo; } }", `unknown "foo" variable`],
  [
    'server { location / { return 200 "a; } }',
    `unexpected end of file, expecting ";" or "}"${place}1`,
  ],
  ["server { location / { } location / { } }", `duplicate location "/"${place}1`],
  ["server { location !~ a { } }", `invalid location modifier "!~"${place}1`],
  [
    "server { location ~ /a { proxy_pass http://a/x; } }",
    `"proxy_pass" cannot have URI part in location`,
  ],
  ["upstream a { }", `no servers are inside upstream${place}1`],
  ["upstream a { server b; } upstream a { server c; }", `duplicate upstream "a"${place}1`],
  ["upstream a { server b weight=x; }", `invalid parameter "weight=x"${place}1`],
  ["server { listen abc; }", `host not found in "abc" of the "listen" directive${place}1`],
  ["server { listen 80 ssl; }", `invalid parameter "ssl"${place}1`],
  ["server { return abc; }", `invalid return code "abc"${place}1`],
  ["server { root /a; root /b; }", `"root" directive is duplicate${place}1`],
  ["server { proxy_redirect foo; }", `invalid parameter "foo"${place}1`],
  [
    "server { proxy_connect_timeout abc; }",
    `"proxy_connect_timeout" directive invalid value${place}1`,
  ],
  ["server { location / { if ($a) { } } }", `unknown directive "if"${place}1`],
  ["server { location / { proxy_pass http://$host; } }", 'variables in "proxy_pass" are not known'],
] as const)("%j is refused: %s", ([text, message]) => {
  expect(() => read(text)).toThrow(message);
});

test("comments, quotes, escapes and ${names} are read as nginx reads them", () => {
  const { servers } = read(
    `
    # a comment ; { }
    server { listen 8080 default_server; server_name A.io *.b.io; # and another
      location ~ "^/x{2}\\.txt$" { return 200 'it''s "\${host}" \\$1;'; }
    }`.replace("''", " "),
  );
  expect(servers[0]).toMatchObject({
    listens: [{ port: 8080, isDefault: true }],
    names: ["a.io", "*.b.io"],
  });
  expect(servers[0]?.locations[0]?.pattern?.test("/xx.txt")).toBe(true);
});

test("a server without listen is on port 80, and a list in a block replaces the outer one", () => {
  const { servers } = read(`server {
    proxy_set_header A 1; proxy_set_header B 2;
    location /own { proxy_set_header C 3; }
    location /outer { }
  }`);
  expect(servers[0]?.listens).toEqual([{ port: 80, isDefault: false }]);
  const names = servers[0]?.locations.map(({ settings }) =>
    settings.proxySetHeaders?.map(([name]) => name),
  );
  expect(names).toEqual([["C"], ["A", "B"]]);
});
