import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import { StatusError } from "../../status-error.ts";
import type { User } from "../rest/request-context.ts";
import type { ServiceAccountTokens } from "./service-account-tokens.ts";

const anonymous: User = { name: "system:anonymous", groups: ["system:unauthenticated"] };

/** Who sends the request: by client certificate, by bearer token, or nobody in particular. */
export class Authenticator {
  readonly #tokens: ServiceAccountTokens;

  constructor(tokens: ServiceAccountTokens) {
    this.#tokens = tokens;
  }

  /** Throws 401 where credentials are shown that are not good. */
  authenticate(request: IncomingMessage): User {
    const fromCertificate = certificateUser(request);
    if (fromCertificate) return fromCertificate;
    const bearer = /^Bearer\s+(.+)$/i.exec(request.headers.authorization ?? "")?.[1];
    if (bearer === undefined) {
      if (request.headers.authorization) throw unauthorized();
      return anonymous;
    }
    const user = this.#tokens.authenticate(bearer.trim());
    if (!user) throw unauthorized();
    return user;
  }
}

function unauthorized(): StatusError {
  return new StatusError(401, "Unauthorized", "Unauthorized");
}

const certificateUsers = new WeakMap<TLSSocket, User>();

function certificateUser({ socket }: IncomingMessage): User | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const known = certificateUsers.get(socket);
  if (known) return known;
  const { subject } = socket.getPeerCertificate();
  if (!subject?.CN) return undefined;
  const organizations: unknown = subject.O;
  const groups = (Array.isArray(organizations) ? organizations : [organizations]).filter(
    (group): group is string => typeof group === "string",
  );
  const user = { name: String(subject.CN), groups: [...groups, "system:authenticated"] };
  certificateUsers.set(socket, user);
  return user;
}
