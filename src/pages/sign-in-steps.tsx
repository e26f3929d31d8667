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
    text: 'Anteroom makes three random values (a state, a nonce and a PKCE verifier), seals them in a cookie that lives for ten minutes, and sends your browser to Microsoft. Nothing is stored on the server.',
    files: ['src/functions/login.ts', 'src/auth/start-sign-in.ts'],
  },
  {
    title: 'Microsoft asks who you are',
    text: 'Password, second factor and consent stay between you and Microsoft Entra ID. It sends your browser back with a code that works once. Under npm start a stand-in on your machine plays this part.',
    files: ['local/entra/answer-sign-in.ts'],
  },
  {
    title: 'Your browser comes back, and hops once',
    text: 'Browsers keep strict cookies back while another site leads the way. So a tiny page opens the same address again, and this time they come along.',
    files: ['src/functions/redirect.tsx', 'src/pages/continue-page.tsx'],
  },
  {
    title: 'The code becomes a session',
    text: 'Anteroom trades code and verifier for tokens, checks the ID token’s signature and claims itself, then writes session and tokens to one table, encrypted under a key that only your cookie completes.',
    files: [
      'src/guards/complete-sign-in.ts',
      'src/auth/verify-id-token.ts',
      'src/sessions/open-session.ts',
    ],
  },
  {
    title: 'Your browser gets one cookie',
    text: 'It is signed, out of reach of scripts, and sent to this site only. It holds the session’s address, never a token.',
    files: ['src/cookies/session-cookie.ts'],
  },
  {
    title: 'Every request is checked',
    text: 'A function says who may call it. The guard reads the session, refreshes tokens when they have run out, and sends you through Microsoft again only when it must.',
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
