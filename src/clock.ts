/** Epoch seconds. Passed in wherever time matters, so that tests can fix it. */
export type Clock = () => number;

export const systemClock: Clock = () => Math.floor(Date.now() / 1000);
