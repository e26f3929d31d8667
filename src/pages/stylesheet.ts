/** The one stylesheet, inline in every page under a hash in the Content-Security-Policy. */
export const stylesheet = `
:root{color-scheme:light dark;--ground:#f4f5f7;--card:#fff;--ink:#16191f;--soft:#535b68;--line:#dde0e6;
--accent:#2447c9;--on-accent:#fff;--good:#0b6b3f;--bad:#a3231b;--wash:#eef1fb}
@media (prefers-color-scheme:dark){:root{--ground:#101216;--card:#191c22;--ink:#eceef2;--soft:#a8b0bd;--line:#30353f;
--accent:#9db2ff;--on-accent:#0d1330;--good:#6fd3a0;--bad:#ff9f96;--wash:#20263a}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;background:var(--ground);color:var(--ink);
font:1rem/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;overflow-wrap:anywhere}
a{color:var(--accent);text-underline-offset:.2em}
:focus-visible{outline:3px solid var(--accent);outline-offset:3px;border-radius:6px}
.skip{position:absolute;left:-999px}.skip:focus{left:1rem;top:1rem;background:var(--card);padding:.5rem 1rem}
.bar{max-width:60rem;margin:0 auto;padding:1.25rem 1rem;display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;justify-content:space-between}
.brand{font-weight:650;letter-spacing:-.01em;color:var(--ink);text-decoration:none}
.who{color:var(--soft);display:flex;flex-wrap:wrap;gap:.5rem .75rem;align-items:center;margin:0}
main{max-width:60rem;margin:0 auto;padding:0 1rem 3rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:16px;padding:clamp(1.25rem,4vw,2.5rem)}
.narrow{max-width:38rem;margin:6vh auto 0}
h1{font-size:clamp(1.5rem,4vw,2.1rem);line-height:1.2;letter-spacing:-.02em;margin:0 0 .75rem}
h2{font-size:1.1rem;margin:2rem 0 .5rem}
p{margin:.5rem 0 1rem;max-width:65ch}.soft{color:var(--soft)}.small{font-size:.875rem}
.actions{display:flex;flex-wrap:wrap;gap:.75rem;align-items:center;margin:1.5rem 0 0}
button,.button{font:inherit;font-weight:600;min-height:2.75rem;padding:.5rem 1.15rem;border-radius:10px;cursor:pointer;
border:1px solid var(--accent);background:var(--accent);color:var(--on-accent);text-decoration:none;display:inline-flex;align-items:center}
button.plain,.button.plain{background:transparent;color:var(--accent)}
.bar button{min-height:2.25rem;padding:.25rem .85rem;font-size:.9rem}
form{margin:0}
.levels{list-style:none;margin:2rem 0 0;padding:0;display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(min(16rem,100%),1fr))}
.levels li{border:1px solid var(--line);border-radius:12px;padding:1.1rem 1.25rem}
.levels h2{margin:0 0 .25rem}.levels p{margin:.25rem 0 0;color:var(--soft);font-size:.95rem}
.tag{display:inline-block;font-size:.8rem;font-weight:600;color:var(--accent);background:var(--wash);border-radius:999px;padding:.1rem .7rem}
dl{display:grid;grid-template-columns:minmax(8rem,max-content) 1fr;gap:.5rem 1.5rem;margin:1.5rem 0 0}
dt{color:var(--soft)}dd{margin:0}
@media (max-width:30rem){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.75rem}}
.head{display:flex;flex-wrap:wrap;gap:1.25rem;align-items:center}.head h1{margin:0}.head p{margin:0}
.photo{width:5rem;height:5rem;border-radius:50%;background:var(--wash);object-fit:cover}
.scroll{overflow-x:auto;margin-top:1.5rem}
table{border-collapse:collapse;width:100%;min-width:36rem}
th,td{text-align:left;padding:.65rem .75rem;border-bottom:1px solid var(--line);vertical-align:top}
th{font-size:.85rem;color:var(--soft);font-weight:600}
code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.9em}
.reference{margin:2rem 0 0;padding-top:1rem;border-top:1px solid var(--line);color:var(--soft);font-size:.85rem}
`.trim();
