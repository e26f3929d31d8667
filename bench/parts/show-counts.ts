/** `2 point reads, 1 transaction`; `0` for nothing. In the order in which each came first. */
export function showCounts(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const parts = [...counts].map(([name, count]) => `${count} ${pluralOf(name, count)}`);
  return parts.length === 0 ? '0' : parts.join(', ');
}

function pluralOf(name: string, count: number): string {
  if (count === 1) return name;
  return name.endsWith('y') ? `${name.slice(0, -1)}ies` : `${name}s`;
}
