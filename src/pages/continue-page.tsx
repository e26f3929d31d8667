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
/** Where scripts run but this one did not come. */
const patienceSeconds = 4;

function GoingOn({ goTo, keepsFragment }: Pick<ContinuePageProps, 'goTo' | 'keepsFragment'>) {
  const refresh = (seconds: number) => (
    <meta http-equiv="refresh" content={`${seconds}; url=${goTo}`} />
  );
  if (keepsFragment !== true) return refresh(0);
  return (
    <>
      <noscript>{refresh(0)}</noscript>
      <script src={scriptPath} data-go-to={goTo} />
      {refresh(patienceSeconds)}
    </>
  );
}
