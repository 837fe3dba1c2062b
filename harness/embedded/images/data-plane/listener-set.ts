import type { Listener } from "./listener.ts";

/** Listeners by what they stand for, each opened when first asked for. */
export class ListenerSet<Key> implements AsyncDisposable {
  readonly #open: (key: Key) => Promise<Listener>;
  readonly #nameOf: (key: Key) => string;
  readonly #listeners = new Map<string, Promise<Listener>>();
  #stopped: Promise<void> | undefined;

  constructor(nameOf: (key: Key) => string, open: (key: Key) => Promise<Listener>) {
    this.#nameOf = nameOf;
    this.#open = open;
  }

  /** The listener's port. */
  async portFor(key: Key): Promise<number> {
    if (this.#stopped) throw new Error("the proxy has stopped");
    const name = this.#nameOf(key);
    let opening = this.#listeners.get(name);
    if (!opening) {
      opening = this.#open(key);
      this.#listeners.set(name, opening);
      // A port that could not be opened is tried anew when it is asked for again.
      opening.catch(() => this.#listeners.delete(name));
    }
    return (await opening).port;
  }

  /** Closes one and forgets it; connections in flight are answered first. */
  async drain(key: Key): Promise<void> {
    const name = this.#nameOf(key);
    const opening = this.#listeners.get(name);
    this.#listeners.delete(name);
    (await opening)?.drain();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stopAll(): Promise<void> {
    const openings = await Promise.allSettled(this.#listeners.values());
    const opened = openings.filter((opening) => opening.status === "fulfilled");
    await Promise.all(opened.map((opening) => opening.value.stop()));
  }
}
