import { createHash } from 'node:crypto';

/** The one stylesheet of the stand-in, inline under a CSP hash. */
export const style = `
:root { color-scheme: light dark; --ground: #f3f4f6; --card: #fff; --ink: #16181d; --quiet: #545a66;
  --line: #d4d8df; --accent: #1f5fbf; --mark: #fff3c4; --mark-ink: #5b4300; --alarm: #a4161a; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14161a; --card: #1e2127; --ink: #f0f2f5; --quiet: #a9b0bc; --line: #3a404a;
    --accent: #8ab4f8; --mark: #3d3200; --mark-ink: #ffe08a; --alarm: #ff9c9c; } }
* { box-sizing: border-box; margin: 0; }
body { min-height: 100vh; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, 'Segoe UI', sans-serif; }
.mark { background: var(--mark); color: var(--mark-ink); padding: .5rem 1rem; text-align: center;
  font-size: .875rem; }
main { width: min(30rem, 100% - 2rem); margin: clamp(1rem, 8vh, 5rem) auto; padding: 1.75rem;
  background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin-bottom: .5rem; }
p { color: var(--quiet); margin-bottom: 1rem; overflow-wrap: anywhere; }
.alarm { color: var(--alarm); }
ul { list-style: none; padding: 0; }
.scopes { list-style: disc; padding-left: 1.25rem; margin-bottom: 1rem; }
button { font: inherit; color: inherit; cursor: pointer; border-radius: .375rem;
  border: 1px solid var(--line); background: transparent; padding: .625rem 1rem; }
button:hover { border-color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.account { display: block; width: 100%; text-align: left; margin-bottom: .625rem; }
.account strong, .account span { display: block; overflow-wrap: anywhere; }
.account span { color: var(--quiet); font-size: .875rem; }
.answers { display: flex; flex-wrap: wrap; gap: .75rem; }
.primary { background: var(--accent); border-color: var(--accent); color: var(--card); }
a { color: var(--accent); }
iframe { width: 0; height: 0; border: 0; position: absolute; }
`;

export const styleHash = `'sha256-${createHash('sha256').update(style).digest('base64')}'`;
