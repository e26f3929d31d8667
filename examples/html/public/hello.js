import { fetch, loginUrl, logout, session } from '/auth/client.js';

const [status, signIn, signOut] = document.querySelectorAll('[role=status], a, button');
signIn.href = loginUrl();
signOut.onclick = () => logout();
try {
  const facts = await session();
  (facts ? signOut : signIn).hidden = false;
  status.textContent = facts
    ? (await (await fetch('/api/greeting')).json()).text
    : 'You are signed out.';
} catch (error) {
  status.textContent = error.message;
}
