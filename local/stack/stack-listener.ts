/** A step of starting the stack, as it begins and again as it ends. */
export interface StackStep {
  readonly name: string;
  /** Undefined as it begins. */
  readonly seconds?: number;
  /** Where it stands now: an address. */
  readonly place?: string;
}

/** Who wants to see the steps, and the apps' log. */
export interface StackListener {
  onStep?(step: StackStep): void;
  onOutput?(text: string): void;
  /** A part of the running stack has ended though nobody asked it to. */
  onDeath?(part: string): void;
}

/** Does `work` and tells the listener when it begins and when it is done; `placeOf` says where it stands. */
export async function tellStep<T>(
  listener: StackListener,
  name: string,
  work: () => Promise<T>,
  placeOf: (done: T) => string | undefined = () => undefined,
): Promise<T> {
  const begun = performance.now();
  listener.onStep?.({ name });
  const done = await work();
  const place = placeOf(done);
  const seconds = (performance.now() - begun) / 1000;
  listener.onStep?.({ name, seconds, ...(place !== undefined && { place }) });
  return done;
}
