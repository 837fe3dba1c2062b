import type { Clock } from "../../../time/clock.ts";
import type { Client } from "../../client.ts";
import type { EventRecorder } from "../../events.ts";
import type { Caches } from "./caches.ts";

/** What every controller works with. */
export interface ControllerContext {
  readonly client: Client;
  readonly clock: Clock;
  readonly caches: Caches;
  /** A recorder that reports as `component`; the caller of `startControllers` stops it. */
  recorder(component: string): EventRecorder;
}
