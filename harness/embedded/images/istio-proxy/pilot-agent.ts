import { request } from "node:http";

// pilot-agent request GET stats/prometheus: asks the proxy's admin port from inside its pod.
const [command, method = "GET", path = ""] = process.argv.slice(2);
if (command !== "request" || path === "") {
  process.stderr.write("Usage: pilot-agent request <method> <path>\n");
  process.exitCode = 1;
} else {
  request({ host: "127.0.0.1", port: 15000, method, path: `/${path.replace(/^\//, "")}` })
    .on("response", (response) => {
      response.pipe(process.stdout);
      if ((response.statusCode ?? 500) >= 400) process.exitCode = 1;
    })
    .on("error", (error) => {
      process.stderr.write(`Error: ${error.message}\n`);
      process.exitCode = 1;
    })
    .end();
}
