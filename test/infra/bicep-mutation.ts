import type { CheckName } from './bicep-checks';

/** One way to break a rule, which the check must see: what stands in a file, and what is put in its place. */
export type BicepMutation = readonly [
  check: CheckName,
  file: string,
  from: string | RegExp,
  to: string,
];

/** Path of a module from the root of the repository. */
export function moduleFile(name: string): string {
  return `infra/modules/${name}.bicep`;
}

/** The first line `key: value` after a text that stands before it, such as `resource site `. */
export function lineAfter(anchor: string, key: string): RegExp {
  const escaped = [anchor, key].map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`(?<=${escaped[0]}[^]*?\\n *)${escaped[1]}: .+`);
}
