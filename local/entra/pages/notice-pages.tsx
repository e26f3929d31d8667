import { page } from './page';

/** What went wrong, with the AADSTS number. */
export function errorPage(text: string): string {
  return page({
    title: 'Sorry, but we are having trouble signing you in',
    children: <Alarm text={text} />,
  });
}

/** Asks an administrator to agree for everybody. */
export function adminConsentPage(options: {
  readonly app: string;
  readonly scopes: readonly string[];
}): string {
  const { app, scopes } = options;
  return page({
    title: 'Permissions requested for your organisation',
    children: (
      <>
        <p>
          <strong>{app}</strong> would like to act for everybody in this organisation with:
        </p>
        <ul class="scopes">
          {scopes.map((scope) => (
            <li key={scope}>
              <code>{scope}</code>
            </li>
          ))}
        </ul>
        <form method="post" class="answers">
          <button class="primary" name="consent" value="accept">
            Accept for everybody
          </button>
          <button name="consent" value="decline">
            Cancel
          </button>
        </form>
      </>
    ),
  });
}

/** An error text as Microsoft Entra ID words it; what only its support can use is set apart. */
export function Alarm({ text }: { readonly text: string }) {
  const [said = text, ...traces] = text.split(/\s+(?=Trace ID: |Correlation ID: |Timestamp: )/);
  return (
    <p class="alarm" role="alert">
      {said}
      {traces.map((trace) => (
        <code key={trace}> {trace}</code>
      ))}
    </p>
  );
}

/**
 * Tells the apps by frames (front-channel logout), then goes to `next` when there is one. Browsers begin a refresh when
 * the page has loaded, frames included, so it need not wait longer.
 */
export function signedOutPage(options: {
  readonly frames: readonly string[];
  readonly next?: string;
}): string {
  const { frames, next } = options;
  return page({
    title: 'You signed out of your account',
    ...(next === undefined ? {} : { next }),
    children: (
      <>
        <p>It is a good idea to close all browser windows.</p>
        {frames.map((frame) => (
          <iframe key={frame} src={frame} title="Signing out of the app" />
        ))}
        {next === undefined ? null : (
          <p class="answers">
            <a class="button primary" href={next}>
              Go on
            </a>
          </p>
        )}
      </>
    ),
  });
}
