/** Something that can be taken back, once: the worker returns it for a registration. */
export class Disposable {
  #dispose: (() => void) | undefined;

  constructor(dispose: () => void) {
    this.#dispose = dispose;
  }

  /** One that disposes of all `parts`. */
  static from(...parts: { dispose: () => unknown }[]): Disposable {
    return new Disposable(() => {
      for (const part of parts) {
        part.dispose();
      }
    });
  }

  dispose(): void {
    this.#dispose?.();
    this.#dispose = undefined;
  }
}
