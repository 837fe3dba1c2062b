import type { Server } from "node:net";
import { once } from "node:events";
import type { Interception, Interceptor } from "../interception.ts";
import type { PodAgent } from "../pod-agent.ts";
import type { Question, Reply, Request } from "../wire.ts";
import type { Control } from "../control.ts";
import { openRealPort } from "./listen.ts";
import { hideListener, showListener } from "./views.ts";

/** What `interception.ts` calls in a sidecar's process. */
export function createSidecarAgent(control: Control): PodAgent {
  return {
    intercept: (interceptor) => intercept(control, interceptor),
    async listenUnseen(server, standsFor) {
      const real = openRealPort(server);
      if (real === undefined) await once(server, "listening");
      const port = real ?? 0;
      if (standsFor) showListener(port, { ...standsFor, mapped: false });
      else showListener(port, { address: "", port, mapped: false });
      server.once("close", () => hideListener(port));
      await listening(server);
      return port;
    },
  };
}

async function intercept(control: Control, interceptor: Interceptor): Promise<Interception> {
  const answer = async (question: Question): Promise<number | undefined> =>
    question.kind === "inbound"
      ? interceptor.onInbound(question.port)
      : interceptor.onOutbound({
          ip: question.ip,
          port: question.port,
          resolvedName: question.name,
        });
  const body = {
    op: "intercept",
    excludeInboundPorts: [...(interceptor.excludeInboundPorts ?? [])],
    excludeOutboundPorts: [...(interceptor.excludeOutboundPorts ?? [])],
  } as const satisfies Request;
  const say = async (wanted: Request) =>
    mustSucceed(await new Promise<Reply>((done) => control.ask(wanted, done)));
  control.answerWith(answer);
  mustSucceed(await new Promise<Reply>((done) => control.keep("intercept", body, done)));
  const stop = async () => {
    control.drop("intercept");
    await say({ op: "release" });
    control.answerWith(undefined);
  };
  return { forgetDestinations: () => say({ op: "forget" }), stop, [Symbol.asyncDispose]: stop };
}

function mustSucceed(reply: Reply): void {
  const [failure] = reply.failures ?? [];
  if (failure) throw new Error(`${failure.code}: ${failure.detail ?? "the node proxy refused"}`);
}

async function listening(server: Server): Promise<void> {
  await new Promise<void>((resolve) => process.nextTick(resolve));
  if (!server.listening) throw new Error("the listener was closed");
}
