import type { StackStep } from './stack-listener';
import type { Stack } from './start-stack';

/** A step's line: one as it begins, one as it ends. */
export function describeStep({ name, seconds, place }: StackStep): string {
  if (seconds === undefined) {
    return `  \u2026 ${name}`;
  }
  const line = `  \u2713 ${name.padEnd(36)} ${seconds.toFixed(1).padStart(4)} s`;
  return place === undefined ? line : `${line}   ${place}`;
}

/** What a person needs to know of a stack that is ready. */
export function describeStack({ apps, facts }: Stack, seconds: number): string {
  const [app] = apps;
  const width = Math.max(...facts.users.map(({ username }) => username.length));
  const accounts = facts.users.map(({ username, note }) => `  ${username.padEnd(width)}   ${note}`);
  const ready = `Ready in ${seconds.toFixed(1)} s`;
  return `
${app === undefined ? `${ready}, without the app: \`func start\` or \`npm run host\` serves it beside them.` : `${ready}. Open ${app.url}`}
${app === undefined && facts.issuer !== facts.authority ? describeSettings(facts) : ''}
Accounts (choose one at sign-in; there is no password):
${accounts.join('\n')}

Change accounts, demand confirmations, break things while it runs:
  ${facts.entraUrl}/control   Entra ID stand-in
  ${facts.graphUrl}/control   Graph stand-in

Ctrl-C ends everything.
`;
}

// In this shape local.settings.json.example does not fit as it is.
function describeSettings({ authority, issuer }: Stack['facts']): string {
  return `
Set in local.settings.json, since the provider's shape differs from the example's:
  "ENTRA_AUTHORITY": "${authority}"
  "ENTRA_ISSUER": "${issuer}"
`;
}
