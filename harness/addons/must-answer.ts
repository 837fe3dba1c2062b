import { request } from "undici";
import { LabError } from "../errors/lab-error.ts";
import { systemClock } from "../time/clock.ts";
import type { AddonContext } from "./addon.ts";

/** Where an add-on's way in from outside is asked, and what it answers when traffic flows. */
export interface WayIn {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
  readonly path: string;
  readonly status: number;
}

/** A cloud's load balancer takes a minute or two to come. */
const limitMs = 180_000;

/** Asks from outside until the add-on itself answers: it may be ready before its Service leads to it. */
export async function mustAnswer(
  { namespace, name, port, path, status }: WayIn,
  context: AddonContext,
): Promise<void> {
  const { signal, onProgress } = context;
  const deadlineMs = systemClock.now() + limitMs;
  for (;;) {
    const last = await ask(async () => {
      const address = await context.outside({ namespace, name, port });
      return `http://${address.host}:${address.port}${path}`;
    }, signal);
    if (last === String(status)) return;
    if (systemClock.now() > deadlineMs)
      throw new LabError(
        "ADDON_FAILED",
        `Service ${namespace}/${name} does not answer from outside on port ${port} after ${limitMs / 1000} s; last: ${last}`,
      );
    onProgress?.(`${name} from outside: ${last}`);
    await systemClock.sleep(200, signal);
  }
}

/** The status as text, or why there was none. */
async function ask(toUrl: () => Promise<string>, signal: AbortSignal): Promise<string> {
  try {
    const { statusCode, body } = await request(await toUrl(), {
      signal,
      headersTimeout: 5_000,
      headers: { host: "nobody.invalid", connection: "close" },
    });
    await body.dump();
    return String(statusCode);
  } catch (error) {
    signal.throwIfAborted();
    return (error as Error).message;
  }
}
