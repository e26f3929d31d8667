/** Does `work` `count` times, `concurrency` of them at a time; ends when all have. */
export async function runLoad(
  { count, concurrency }: { readonly count: number; readonly concurrency: number },
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, count) }, worker));
}
