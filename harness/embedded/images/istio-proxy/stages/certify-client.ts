import { addHeader } from "../../data-plane/headers.ts";
import type { Stage } from "../../data-plane/stage.ts";

const header = "x-forwarded-client-cert";

/** Tells the app who its client proved to be; what a client without mutual TLS says of itself is removed. */
export function certifyClientStage(ownIdentity: string): Stage {
  return {
    name: "certify-client",
    async run(exchange, next) {
      const { peerIdentity, peerHash } = exchange.downstream;
      if (peerIdentity === undefined) delete exchange.headers[header];
      else {
        const element = `By=${ownIdentity};Hash=${peerHash};Subject="";URI=${peerIdentity}`;
        addHeader(exchange.headers, header, element);
        exchange.headers[header] = [exchange.headers[header] ?? []].flat().join(",");
      }
      return next(exchange);
    },
  };
}
