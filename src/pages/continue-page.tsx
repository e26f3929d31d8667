import { Door } from './door';
import { Layout } from './layout';

interface ContinuePageProps {
  readonly title: string;
  readonly goTo: string;
  readonly text: string;
}

/**
 * Sends the browser on by a navigation of our own. Cookies that are `SameSite=Strict` come along on it, which they
 * would not on a redirect that another site began; and `form-action` does not apply to it.
 * It is seen only when the next page is slow: `wait` keeps a quick one from flashing.
 */
export function ContinuePage({ title, goTo, text }: ContinuePageProps) {
  return (
    <Layout title={title} goTo={goTo}>
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
