import type { EndpointSlice } from "kubernetes-types/discovery/v1";

type State = { readonly slice: EndpointSlice } | "deleted";

/** What a controller wrote and its cache may not show yet, so that it does not write the same twice. */
export class WrittenSlices {
  readonly #written = new Map<string, State>();

  wrote(slice: EndpointSlice): void {
    this.#written.set(slice.metadata?.uid ?? "", { slice });
  }

  deleted(slice: EndpointSlice): void {
    this.#written.set(slice.metadata?.uid ?? "", "deleted");
  }

  /** The cache has the news. */
  saw(slice: EndpointSlice): void {
    const state = this.#written.get(slice.metadata?.uid ?? "");
    if (state && state !== "deleted" && version(slice) >= version(state.slice))
      this.#written.delete(slice.metadata?.uid ?? "");
  }

  /** The cache knows that the slice is gone. */
  sawDeleted(slice: EndpointSlice): void {
    this.#written.delete(slice.metadata?.uid ?? "");
  }

  /** The cached slices of one Service as they really are. */
  current(
    cached: readonly EndpointSlice[],
    isOwn: (slice: EndpointSlice) => boolean,
  ): EndpointSlice[] {
    const slices = new Map(cached.map((slice) => [slice.metadata?.uid ?? "", slice]));
    for (const [uid, state] of this.#written) {
      if (state === "deleted") slices.delete(uid);
      else if (isOwn(state.slice)) slices.set(uid, state.slice);
    }
    return [...slices.values()];
  }
}

function version({ metadata }: EndpointSlice): number {
  return Number(metadata?.resourceVersion ?? 0);
}
