import { createServer } from "node:http";

// Names are the node proxy's work on an embedded cluster: only the readiness is CoreDNS' here.
createServer((request, response) => {
  response
    .writeHead(request.url === "/ready" ? 200 : 404)
    .end(request.url === "/ready" ? "OK" : "");
}).listen(8181);
