/** What a reconciler answers when it did not fail: nothing left to do, or look again later. */
export type Result = "done" | { readonly afterMs: number };

/** Puts a key into a controller's queue. */
export type Enqueue = (key: string, delayMs?: number) => void;

/** One controller: what makes it look at a key, and what it does with one. */
export interface Controller {
  readonly name: string;
  /** Keys in work at the same time. @default 1 */
  readonly workers?: number;
  /** Subscribes to the caches; called once, before they are filled. */
  watch(enqueue: Enqueue): void;
  /** Reads the state and takes the next step towards what is wanted. */
  reconcile(key: string): Promise<Result>;
}
