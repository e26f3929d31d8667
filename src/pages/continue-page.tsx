import { Door } from './door';
import { Layout } from './layout';

interface ContinuePageProps {
  readonly title: string;
  readonly goTo: string;
  readonly text: string;
  /** For an address of this app: the fragment of this page's address goes along. Needs a policy that lets the script run. */
  readonly keepsFragment?: boolean;
}

/**
 * Sends the browser on by a navigation of our own. Cookies that are `SameSite=Strict` come along on it, which they
 * would not on a redirect that another site began; and `form-action` does not apply to it.
 * It is seen only when the next page is slow: `wait` keeps a quick one from flashing.
 */
export function ContinuePage({ title, goTo, text, keepsFragment = false }: ContinuePageProps) {
  return (
    <Layout title={title} goingOn={<GoingOn goTo={goTo} keepsFragment={keepsFragment} />}>
      <div class="card narrow wait">
        <Door state="lit" size={48} />
        <h1>{title}</h1>
        <p class="soft">{text}</p>
        <div class="actions">
          <a class="button" href={goTo}>
            Continue
          </a>
        </div>
      </div>
    </Layout>
  );
}

/** Served from src/client/continue.ts. */
const scriptPath = '/auth/continue.js';

function GoingOn({ goTo, keepsFragment }: Pick<ContinuePageProps, 'goTo' | 'keepsFragment'>) {
  const refresh = <meta http-equiv="refresh" content={`0; url=${goTo}`} />;
  if (keepsFragment !== true) return refresh;
  // No refresh beside the script: it would need a delay, and would then move the page while a person uses it (WCAG 2.2.1).
  // When the script does not load, there is the button.
  return (
    <>
      <noscript>{refresh}</noscript>
      <script defer src={scriptPath} data-go-to={goTo} />
    </>
  );
}
