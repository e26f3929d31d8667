import * as anteroom from '/auth/client.js';

/** How long before the end to ask, in milliseconds. `?warn=…` (seconds) is for trying it out. */
const warnMs = 1000 * Number(new URLSearchParams(location.search).get('warn') ?? 120);
const longestWaitMs = 3_600_000;

const find = (id) => document.getElementById(id);
const warning = find('warning');

let facts;
let nextLook;

/** Asks the server: another tab may have gone on working, and a laptop may have slept. Asking extends nothing. */
async function look(options) {
  clearTimeout(nextLook);
  let found;
  try {
    found = await anteroom.session(options);
  } catch (error) {
    // The session lives, but the person has to go through the provider once more.
    if (error.loginUrl !== undefined) offer(error.loginUrl);
    // The app does not know at the moment. That must not sign anybody out.
    nextLook = setTimeout(look, 10_000);
    return;
  }
  if (found === undefined) {
    // The countdown goes on until the browser has left, so the last facts stay.
    location.assign(anteroom.loginUrl());
    return;
  }
  facts = found;
  find('who').textContent = `Signed in as ${facts.user.name}`;
  const left = millisecondsLeft();
  const isSoon = left <= warnMs;
  // While the warning stands, asks often enough to notice that somebody went on in another tab.
  nextLook = setTimeout(
    look,
    isSoon ? Math.min(left, 5_000) : Math.min(left - warnMs, longestWaitMs),
  );
  showWarning(isSoon);
}

function offer(loginUrl) {
  const link = document.createElement('a');
  link.href = loginUrl;
  link.textContent = 'One more step is needed';
  find('who').replaceChildren(link);
}

function millisecondsLeft() {
  return Math.max(0, Math.min(facts.idleExpiresAt, facts.expiresAt) - Date.now());
}

function showWarning(isSoon) {
  // Use of the session does not move its end. After that only a new sign-in helps.
  find('stay').textContent =
    facts.expiresAt <= facts.idleExpiresAt ? 'Sign in again' : 'Stay signed in';
  if (isSoon && !warning.open) warning.showModal();
  if (!isSoon && warning.open) warning.close();
}

setInterval(() => {
  if (warning.open) find('left').textContent = `${Math.ceil(millisecondsLeft() / 1000)} seconds`;
}, 250);

find('stay').addEventListener('click', () => {
  if (facts.expiresAt <= facts.idleExpiresAt) location.assign(anteroom.loginUrl());
  else look({ extend: true });
});
find('sign-out').addEventListener('click', () => anteroom.logout());
find('load').addEventListener('click', async () => {
  const answer = await anteroom.fetch('/auth/me');
  find('result').textContent = JSON.stringify(await answer.json(), null, 2);
});
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) look();
});

look();
