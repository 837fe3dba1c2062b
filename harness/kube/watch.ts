import { type Clock, systemClock } from "../time/clock.ts";
import { ApiError } from "./api-error.ts";
import type { KubeApi } from "./connection.ts";
import type { KubeList, KubeObject } from "./object.ts";

export interface WatchEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: T;
}

export interface WatchOptions {
  /** The collection's path. */
  readonly path: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly signal: AbortSignal;
  /** Called when what was there at first has been handed over. */
  readonly onListed?: (() => void) | undefined;
  /** @default systemClock */
  readonly clock?: Clock;
}

interface RawEvent<T> {
  readonly type: WatchEvent<T>["type"] | "BOOKMARK" | "ERROR";
  readonly object: T & { readonly code?: number };
}

const pauseBetweenWatchesMs = 200;

/**
 * What is there (as ADDED) and then every change, until the signal aborts. A watch that ends is opened again
 * where it stopped; after 410 Gone the list is read again, so that an object can be reported more than once.
 */
export async function* watchObjects<T extends KubeObject>(
  api: KubeApi,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>> {
  const { signal, clock = systemClock } = options;
  const selectors = { labelSelector: options.labelSelector, fieldSelector: options.fieldSelector };
  let version: string | undefined;
  while (!signal.aborted) {
    if (version === undefined) {
      const list = await api.request<KubeList<T>>("GET", options.path, {
        query: selectors,
        signal,
      });
      for (const object of list.items) yield { type: "ADDED", object };
      version = list.metadata?.resourceVersion ?? "0";
      options.onListed?.();
    }
    const query = {
      ...selectors,
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion: version,
    };
    try {
      for await (const event of events<T>(api.stream(options.path, { query, signal }))) {
        if (event.type === "ERROR") {
          version = undefined;
          break;
        }
        version = event.object.metadata?.resourceVersion ?? version;
        if (event.type !== "BOOKMARK") yield { type: event.type, object: event.object };
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.code !== 410 && error.code < 500) throw error;
      if (error instanceof ApiError && error.code === 410) version = undefined;
    }
    await clock.sleep(pauseBetweenWatchesMs, signal).catch(() => undefined);
  }
}

async function* events<T>(text: AsyncIterable<string>): AsyncGenerator<RawEvent<T>> {
  let rest = "";
  for await (const chunk of text) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") yield JSON.parse(line) as RawEvent<T>;
  }
}
