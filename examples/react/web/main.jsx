import { fetch, loginUrl, logout, session } from 'anteroom/client';
import { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';

function App() {
  const [person, setPerson] = useState();
  const [text, setText] = useState('One moment …');
  useEffect(() => {
    load().catch((error) => setText(error.message));
    async function load() {
      const facts = await session();
      setPerson(facts?.user);
      setText(facts ? (await (await fetch('/api/greeting')).json()).text : 'You are signed out.');
    }
  }, []);
  return (
    <>
      <h1>{location.pathname}</h1>
      <p role="status">{text}</p>
      {person ? (
        <button onClick={() => logout()}>Sign out</button>
      ) : (
        <a href={loginUrl()}>Sign in</a>
      )}
    </>
  );
}

createRoot(document.getElementById('root')).render(<App />);
