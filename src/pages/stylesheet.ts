/**
 * The stylesheet of all pages. Every page has it inline, and the Content-Security-Policy has its hash. So a test keeps it
 * under 10 KB. Amber (`--lit`) is only the light in the inner room of the mark, and the colour of what passes. Sides are named by the
 * direction of the text, so that a page can be read from right to left.
 */
export const stylesheet = `
:root{color-scheme:light dark;--ground:#f4f6f6;--card:#fff;--ink:#11191c;--soft:#434f57;--line:#dbe2e4;--edge:#75858c;
--accent:#0a5968;--over:#073f4a;--on:#fff;--wash:#e6eff0;--lit:#e9a23b;--bad:#9a2d20;--pale:#fbeae7;--wait:#7a4a00;--glow:#fdf1dc;
--mono:ui-monospace,"Cascadia Code",Menlo,Consolas,monospace}
@media (prefers-color-scheme:dark){:root{--ground:#0c1113;--card:#141a1d;--ink:#e7eef0;--soft:#adbcc3;--line:#273238;--edge:#6f8189;
--accent:#86d3de;--over:#b5e6ed;--on:#04252b;--wash:#182a2f;--lit:#ffbf61;--bad:#ffab9e;--pale:#341b18;--wait:#ffc76b;--glow:#302510}}
*{box-sizing:border-box;margin:0;min-width:0}
body{min-height:100vh;display:flex;flex-direction:column;background:var(--ground);color:var(--ink);
font:1rem/1.6 system-ui,sans-serif;overflow-wrap:break-word}
h1,h2,h3,.brand{font-size:1rem;font-weight:650;letter-spacing:-.012em}
h1{font-size:clamp(1.75rem,1.3rem + 2vw,2.5rem);line-height:1.15;letter-spacing:-.022em;text-wrap:balance;hyphens:auto;hyphenate-limit-chars:18 7 7}
h2{font-size:1.25rem;line-height:1.3}
p{max-width:66ch;text-wrap:pretty}
p+p{margin-top:.75rem}
a{color:var(--accent);text-underline-offset:.2em;text-decoration-thickness:1px}
a:hover{color:var(--over);text-decoration-thickness:2px}
ul,ol{list-style:none;padding:0}
code{font:.875em/1.5 var(--mono)}
:focus-visible{outline:3px solid var(--accent);outline-offset:3px;border-radius:4px}
main:focus{outline:0}
.soft,.lead{color:var(--soft)}.small{font-size:.875rem}
.lead{font-size:1.125rem;margin-top:1rem}
.skip{position:absolute;inset-inline-start:-99rem;z-index:1;background:var(--card);padding:.75rem 1rem}.skip:focus{inset-inline-start:1rem;top:1rem}
.bar,main,footer{width:100%;max-width:68rem;margin:0 auto;padding:0 clamp(1rem,4vw,2rem)}
.bar{display:flex;flex-wrap:wrap;align-items:center;gap:.25rem 1.5rem;padding-block:1rem}
.brand{display:inline-flex;align-items:center;gap:.6rem;min-height:2.75rem;font-size:1.0625rem;color:var(--ink);text-decoration:none;overflow-wrap:anywhere;hyphens:auto;hyphenate-limit-chars:18 7 7}
.bar ul{display:flex;flex-wrap:wrap;margin-inline-start:-.75rem}
.bar li a{display:flex;align-items:center;min-height:2.75rem;padding:0 .75rem;color:var(--soft);text-decoration:none}
.bar li a:hover,.bar [aria-current]{color:var(--ink)}
.bar [aria-current]{border-bottom:2px solid var(--accent);padding-top:2px}
.who{display:flex;align-items:center;gap:.75rem;margin-inline-start:auto;font-size:.9375rem;color:var(--soft)}
.who>:first-child+span{display:flex;gap:.3em;white-space:nowrap}.who bdi{overflow:hidden;text-overflow:ellipsis}
.who .initials{width:2rem;height:2rem;font-size:.75rem}
main{flex:1;padding-block:clamp(1.5rem,5vw,3.5rem) 4rem}
main>section+section{margin-top:clamp(2.5rem,6vw,4rem)}
.card{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:clamp(1.25rem,4vw,2.25rem)}
.narrow{max-width:36rem;margin:0 auto}
.narrow h1{font-size:clamp(1.5rem,1.3rem + 1vw,1.875rem);margin-bottom:.75rem}
.picture{display:grid;place-items:center;width:3.5rem;height:3.5rem;margin-bottom:1.25rem;border-radius:1rem;background:var(--tint)}
.picture,.label{color:var(--tone);--tone:var(--accent);--tint:var(--wash);--from:translateY(5px)}
.picture svg{fill:none;stroke:currentColor;stroke-width:3;stroke-linecap:round;stroke-linejoin:round;overflow:visible}
.track{opacity:.25}
.label{font-size:.875rem;font-weight:650;margin-bottom:.25rem}
.passing,.partly{--tone:var(--wait);--tint:var(--glow)}.passing,.partly,.going{--from:rotate(-1turn)}.ours{--tone:var(--bad);--tint:var(--pale)}
.cancelled,.yours,.lost{--from:translateX(-5px)}
.cancelled,.refused,.lost{--tone:var(--soft);--tint:var(--ground)}
.split{display:grid;gap:2rem clamp(2rem,6vw,5rem);align-items:center}
.door{display:block;flex:none;overflow:visible}
.door path{fill:none;stroke:currentColor;stroke-width:2.25;stroke-linecap:round}
.lit .room{fill:var(--lit);stroke:none}
.shut .room{fill:currentColor}.shut .knob{fill:var(--card)}
.actions{display:flex;flex-wrap:wrap;gap:.75rem;align-items:center;margin-top:1.75rem}
button,.button,input{font:inherit;line-height:1.3;min-height:2.75rem;padding:.5rem 1.25rem;border-radius:8px;border:1px solid var(--edge);
background:none;color:inherit}
button,.button{font-weight:600;overflow-wrap:anywhere;cursor:pointer;border-color:var(--accent);background:var(--accent);color:var(--on);
text-decoration:none;display:inline-flex;align-items:center;text-align:center}
button:hover,.button:hover{background:var(--over);border-color:var(--over);color:var(--on)}
.danger,.danger:hover{background:var(--bad);border-color:var(--bad);color:var(--card)}
.plain,.plain:hover{background:none;border-color:var(--edge);color:var(--ink)}
.plain:hover{background:var(--wash)}
.who form{flex:none}.who button{padding:.25rem .9rem;font-size:.9375rem}
.house{width:100%;max-width:21rem;margin:0 auto;text-align:center}
.house p{margin:0;font-size:.9375rem;color:var(--soft)}.house strong{display:block;font-size:1rem;color:var(--ink)}
.arch{margin:0 1.25rem;padding:3.75rem 1.25rem 0;border:solid;border-width:3px 3px 0;border-radius:11rem 11rem 0 0}
.arch .inner{width:11rem;max-width:100%;margin:1.5rem auto 0;padding:3.25rem .75rem 1.75rem;border-radius:11rem 11rem 0 0;background:var(--lit)}
.inner{--ink:#1d1300;--soft:#1d1300}
.house>p{border-top:3px solid var(--ink);padding-top:1rem}
.doors{display:grid;gap:1rem;margin-top:1.25rem}
.doors li{position:relative;display:flex;gap:1rem;padding:1.25rem;border:1px solid var(--line);border-radius:12px;background:var(--card)}
.doors li:hover{border-color:var(--accent)}
.doors a:after{content:"";position:absolute;inset:0;border-radius:12px}
.doors p{font-size:.9375rem;color:var(--soft);margin-top:.25rem}
.steps{counter-reset:n;margin-top:1.5rem}
.steps li{counter-increment:n;position:relative;padding-block-end:1.75rem;padding-inline-start:3.25rem}
.steps li:before{content:counter(n);position:absolute;inset-inline-start:0;top:-.25rem;width:2rem;height:2rem;border-radius:50%;border:1px solid var(--edge);background:var(--ground);
font-size:.875rem;font-weight:600;display:grid;place-items:center;z-index:1}
.steps li:not(:last-child):after{content:"";position:absolute;inset-inline-start:1rem;top:0;bottom:0;border-inline-start:1px solid var(--line)}
.steps p{color:var(--soft);margin-top:.25rem}
.files{margin-top:.5rem;display:grid;place-items:start;align-content:start;gap:.25rem}
.files code{background:var(--wash);border-radius:5px;padding:0 .4rem}
dl div{display:grid;grid-template-columns:minmax(6.5rem,1fr) 2fr;gap:.25rem 1rem;padding:.7rem 0;border-top:1px solid var(--line)}
dl div:first-child{border-top:0}dl div:last-child{padding-bottom:0}
dt{color:var(--soft)}summary{margin:1em 0}
.line{display:block}
.reference{margin-top:2rem;padding-top:.75rem;border-top:1px solid var(--line);font-size:.8125rem}
.reference div{grid-template-columns:5.25rem 1fr;gap:.75rem;padding:.2rem 0;border:0}
.reference dd{font-family:var(--mono);user-select:all}
.act{margin-top:1.25rem;padding:1rem 1.25rem;border-radius:10px;background:var(--wash)}
.faults{margin:1.25rem 0}.faults li{padding:.6rem 0;border-top:1px solid var(--line)}.faults code{font-weight:600;color:var(--bad)}
.head{display:flex;flex-wrap:wrap;gap:1.25rem 1.5rem;align-items:center;margin-bottom:1.5rem}
.initials{display:grid;place-items:center;flex:none;border-radius:50%;background:var(--wash);color:var(--accent);font-weight:600;overflow:hidden}
.head .initials{width:5.5rem;height:5.5rem;font-size:1.75rem}
.initials>*{grid-area:1/1}.photo{width:100%;height:100%;background:url(me/photo) center/cover}
.tag{font-size:.8125rem;font-weight:600;color:var(--accent);background:var(--wash);border-radius:99px;padding:.1rem .6rem;white-space:nowrap}
footer{padding-block:0 2rem;font-size:.875rem;color:var(--soft)}
footer ul{display:flex;flex-wrap:wrap;gap:0 1.5rem}footer a{padding:.5rem 0}
@media (min-width:48rem){.split{grid-template-columns:1.4fr minmax(17rem,1fr)}
.doors{grid-template-columns:repeat(3,1fr)}.doors li{flex-direction:column}
.steps li{display:grid;grid-template-columns:1fr minmax(17rem,20rem);gap:0 3rem}.files{margin:0}time{white-space:nowrap}}
@media (min-width:62rem){.who{flex:1 1 16rem;justify-content:end}}
@media (max-width:61.99rem){.who>span:not(.initials){position:absolute;inset-inline-start:-99rem}.split dl div{grid-template-columns:1fr;gap:0}}
@media (max-width:47.99rem){.bar nav{order:1;width:100%}}
@media (max-width:30rem){dl:not(.reference) div{grid-template-columns:1fr;gap:0}}
@media (max-width:24rem){.bar{column-gap:.5rem}.bar ul{margin-inline-start:-.4rem}.bar li a{padding:0 .4rem;font-size:.875rem}.who .initials{display:none}.reference div{grid-template-columns:1fr;gap:0}}
@media (hover:none){time[title]:after{content:attr(title);display:block;font-size:.8125rem;color:var(--soft)}}
@media (prefers-reduced-motion:no-preference){a,button,.button,.doors li{transition:background-color .15s,border-color .15s,color .15s}
.wait{animation:wait .25s .35s both}@keyframes wait{from{opacity:0}}
.move{transform-origin:center;animation:move .7s .15s cubic-bezier(.2,.8,.2,1) both}.going .move{animation:move 1s linear 5}
@keyframes move{from{transform:var(--from)}}}
@media (forced-colors:active){.picture,.initials,.tag,.act,.inner,.files code{border:1px solid}button:not(.plain),.button:not(.plain){border-width:3px}}
@media print{.skip,nav,form,:is(nav,form).actions,.actions a,footer,.picture{display:none}body,.card{background:none}.card{border:0;padding:0}
main{padding-block:0}}
`.replaceAll('\n', '');

/**
 * The second stylesheet, of pages with a list of sessions: the list's order, search and menus, and its table. In a narrow window
 * each part of the table is a card.
 */
export const listStylesheet = `
.plain.danger{color:var(--bad)}
.mini{min-height:2.25rem;padding:.25rem .9rem;font-size:.9375rem}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.search,.orders,.orders ul{display:flex;flex-wrap:wrap;align-items:center;gap:.75rem}
.topline{position:relative;display:flex;align-items:start;gap:.75rem}.topline h1{flex:1}
.search{margin-top:1.75rem;gap:.5rem .75rem}.search label{width:100%}:is(.search>input,.search div){flex:1 1 10rem;max-width:24rem;min-width:0}.search div{display:grid;gap:.5rem}.search:has(div)>*{align-self:end}.search div~a{padding-block:.55rem}
.orders{margin-top:1.25rem;gap:.25rem .75rem;font-size:.9375rem}.orders ul{gap:.25rem}
.orders a{display:block;padding:.4rem .75rem;border-radius:8px;text-decoration:none}.orders a:hover{background:var(--wash)}
.orders [aria-current]{background:var(--wash);color:var(--ink);font-weight:600}
.menu button{gap:.6rem;font-weight:400;white-space:nowrap}
.menu button:after{content:"";width:.45rem;height:.45rem;margin-top:-.25rem;border:solid;border-width:0 2px 2px 0;transform:rotate(45deg)}
.menu a:hover{background:var(--wash)}
.menu ul{margin:auto;width:max-content;max-width:min(16rem,100vw - 2rem);padding:.25rem;background:var(--card);border:1px solid var(--edge);
border-radius:10px;box-shadow:0 8px 24px #0003;color:var(--ink);text-align:start;white-space:normal}
@supports (anchor-scope:--m){.menu{anchor-scope:--m}.menu button{anchor-name:--m}
.menu ul{position-anchor:--m;inset:auto;margin:.25rem 0;position-area:block-end span-inline-end;position-try-fallbacks:flip-block,flip-inline,flip-block flip-inline}}
.menu a{display:flex;align-items:center;min-height:2.75rem;padding:.25rem .75rem;border-radius:7px;color:var(--ink);text-decoration:none}
.menu .bad{color:var(--bad)}
.line+.menu{margin-top:.5rem}
.note{margin-top:1.25rem}
.done{border-inline-start:4px solid var(--accent)}
table{width:100%;margin-top:1rem;border-spacing:0;background:var(--card);border:1px solid var(--line);border-radius:12px}
th,td{text-align:start;vertical-align:top;padding:.8rem 1.25rem;font-weight:400}tbody th,td{border-top:1px solid var(--line)}
tbody th{width:34%}tbody th,td:first-of-type{overflow-wrap:anywhere}td,tbody th:not([rowspan]){vertical-align:middle}td:last-child{text-align:end;white-space:nowrap}
thead th{position:sticky;top:0;z-index:1;background:var(--card);border-radius:12px;font-size:.8125rem;font-weight:600;color:var(--soft)}
thead th:last-child{text-align:end}
time[title]{white-space:nowrap;cursor:help}
@media (max-width:62.49rem){thead{position:absolute;inset-inline-start:-99rem}
table{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(19rem,100%),1fr));gap:.75rem;border:0;background:none}
tbody{display:block;padding:.75rem 1.25rem;background:var(--card);border:1px solid var(--line);border-radius:12px}
tr{display:grid;grid-template-columns:1fr auto;align-items:center;gap:0 .75rem;padding:.5rem 0}
tr+tr{border-top:1px solid var(--line)}
tbody th,td{grid-column:1/-1;width:auto;padding:0;border:0}th+td{margin-top:.75rem}
td:first-of-type{grid-column:1}td:last-child{grid-area:1/2}tr:first-child td:last-child{grid-row:2;margin-top:.75rem}
td[data-label]:before{content:attr(data-label) ": ";color:var(--soft)}
.flat tr td:nth-child(n){grid-area:auto/1/auto/-1;margin-top:.5rem;text-align:start}}
@media print{tbody{break-inside:avoid}.menu,.search,.orders,td form,td .button{display:none}}
`.replaceAll('\n', '');
