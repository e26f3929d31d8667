import { readFileSync } from 'node:fs';

/** An example of docs/tenants.md: only the settings that are special for its case. */
export interface TenantExample {
  /** The heading that it stands under. */
  readonly heading: string;
  readonly values: Readonly<Record<string, string>>;
}

/** The id of the tenant in all examples that have one tenant. */
export const exampleTenantId = '11111111-1111-4111-8111-111111111111';

/** The examples of docs/tenants.md, in the order of the page. */
export function readTenantExamples(): readonly TenantExample[] {
  const page = readFileSync('docs/tenants.md', 'utf8');
  let heading = '';
  return [...page.matchAll(/^## (.*)$|^```ini\n([\s\S]*?)^```$/gm)].flatMap(([, title, block]) => {
    heading = title ?? heading;
    return block === undefined ? [] : [{ heading, values: valuesIn(block) }];
  });
}

function valuesIn(block: string): Record<string, string> {
  const lines = block.trim().split('\n');
  return Object.fromEntries(
    lines.map((line): [string, string] => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}
