interface Step {
  readonly title: string;
  readonly text: string;
  /** Where in this repository it happens; a test holds that they exist. */
  readonly files: readonly string[];
}

/** What a sign-in does, in the order in which a browser meets it. */
export const signInSteps: readonly Step[] = [
  {
    title: 'You press “Sign in”',
    text: 'Anteroom seals the page you wanted in state, and ties it to this browser by a small random cookie. Nonce and PKCE verifier are derived from both. Then it sends your browser to Microsoft. Nothing is stored on the server.',
    files: [
      'src/functions/login.ts',
      'src/auth/sign-in-attempt.ts',
      'src/cookies/sign-in-cookie.ts',
    ],
  },
  {
    title: 'Microsoft asks who you are',
    text: 'Password, second factor and consent stay between you and Microsoft Entra ID. It sends your browser back with a code that works once. Under npm start a stand-in on your machine plays this part.',
    files: ['local/entra/answer-sign-in.ts'],
  },
  {
    title: 'Your browser comes back, and hops once',
    text: 'Browsers do not send strict cookies when another site starts a navigation. So a tiny page of ours opens the same address again, and now the browser sends them.',
    files: ['src/functions/redirect.tsx', 'src/pages/continue-page.tsx'],
  },
  {
    title: 'The code becomes a session',
    text: 'Anteroom redeems the code for tokens, and checks the signature and claims of the ID token itself. Then it writes session and tokens to one table. They are encrypted under a key that needs your cookie.',
    files: [
      'src/guards/complete-sign-in.ts',
      'src/auth/verify-id-token.ts',
      'src/sessions/open-session.ts',
    ],
  },
  {
    title: 'Your browser gets one cookie',
    text: 'It is signed, no script can read it, and the browser sends it to this site only. It holds the address and the id of the session, never a token.',
    files: ['src/cookies/session-cookie.ts'],
  },
  {
    title: 'Every request is checked',
    text: 'A function says who may call it. The guard reads the session and refreshes tokens that have expired. It sends you to Microsoft again only when it must.',
    files: ['src/guards/signed-in.ts', 'src/guards/with-role.ts'],
  },
];

/** The sign-in step by step, each with the files to read. */
export function SignInSteps({ title, lead }: { readonly title: string; readonly lead: string }) {
  return (
    <section aria-labelledby="steps">
      <h2 id="steps">{title}</h2>
      <p class="soft">{lead}</p>
      <ol class="steps">
        {signInSteps.map((step) => (
          <li key={step.title}>
            <div>
              <h3>{step.title}</h3>
              <p>{step.text}</p>
            </div>
            <div class="files">
              {step.files.map((file) => (
                <code key={file}>{file}</code>
              ))}
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}
