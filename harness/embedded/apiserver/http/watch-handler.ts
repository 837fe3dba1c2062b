import type { ListOptions, WatchEvent } from "../../client.ts";
import type { Clock } from "../../../time/clock.ts";
import { apiVersionOf } from "../../resource.ts";
import { StatusError } from "../../status-error.ts";
import type { ObjectReader } from "../rest/object-reader.ts";
import type { ServedKind } from "../rest/served-kinds.ts";
import type { ApiObject } from "../storage/stored-object.ts";
import { commonHeaders, type Exchange, jsonText } from "./answer.ts";
import { numberOf, versionOf } from "./request-options.ts";
import { isTrue } from "./resource-path.ts";

const bookmarkEveryMs = 60_000;
const shortestMs = 1_800_000;

/** How an object is written in a watch: as it is, or as a Table. */
export type Representation = (object: ApiObject) => object;

/** Everything one watch needs. */
export interface WatchRequest {
  readonly exchange: Exchange;
  readonly reader: ObjectReader;
  readonly clock: Clock;
  readonly served: ServedKind;
  readonly selection: ListOptions;
  readonly represent: Representation;
  readonly contentType: string;
}

/** Streams changes as lines of JSON until the client leaves or the time is over. */
export function handleWatch(request: WatchRequest): void {
  const { exchange, reader, served, selection, clock } = request;
  const { query, response } = exchange;
  const stream = new WatchStream(request);
  const seconds = numberOf(query, "timeoutSeconds") ?? 0;
  const wanted = versionOf(query);
  const fromNow = wanted === undefined || isTrue(query.get("sendInitialEvents"));
  // Selector errors are answered before the stream begins.
  const present = fromNow ? reader.list(served, selection).items : [];
  const after = fromNow ? reader.version : wanted;
  response.writeHead(200, {
    ...commonHeaders(request.contentType),
    "transfer-encoding": "chunked",
  });
  response.flushHeaders();
  if (query.get("sendInitialEvents") !== "false") {
    for (const object of present) stream.write({ type: "ADDED", object });
  }
  if (isTrue(query.get("sendInitialEvents"))) stream.bookmark(true);
  const endings: (() => void)[] = [];
  const end = (): void => {
    for (const ending of endings.splice(0)) ending();
  };
  response.on("close", end);
  try {
    endings.push(reader.watch(served, selection, after, (event) => stream.write(event)));
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    stream.fail(error);
    return;
  }
  const lastsMs = seconds > 0 ? seconds * 1000 : shortestMs * (1 + Math.random());
  endings.push(clock.after(lastsMs, () => response.end()));
  if (isTrue(query.get("allowWatchBookmarks"))) endings.push(sendBookmarks(stream, clock));
}

/** Sends a bookmark now and again; returns how to stop. */
function sendBookmarks(stream: WatchStream, clock: Clock): () => void {
  let cancel = clock.after(bookmarkEveryMs, again);
  function again(): void {
    stream.bookmark(false);
    cancel = clock.after(bookmarkEveryMs, again);
  }
  return () => cancel();
}

class WatchStream {
  readonly #request: WatchRequest;

  constructor(request: WatchRequest) {
    this.#request = request;
  }

  write({ type, object }: WatchEvent<ApiObject>): void {
    const shown = this.#request.represent(object);
    this.#line(`{"type":"${type}","object":${jsonText(shown)}}\n`);
  }

  bookmark(endOfInitialEvents: boolean): void {
    const { served, reader } = this.#request;
    const object = {
      kind: served.resource.kind,
      apiVersion: apiVersionOf(served.resource),
      metadata: {
        resourceVersion: String(reader.version),
        creationTimestamp: null,
        ...(endOfInitialEvents ? { annotations: { "k8s.io/initial-events-end": "true" } } : {}),
      },
    };
    this.#line(`{"type":"BOOKMARK","object":${JSON.stringify(object)}}\n`);
  }

  fail(error: StatusError): void {
    const event = { type: "ERROR", object: error.toStatus() };
    this.#request.exchange.response.end(`${JSON.stringify(event)}\n`);
  }

  #line(text: string): void {
    const { response } = this.#request.exchange;
    if (!response.writableEnded) response.write(text);
  }
}
