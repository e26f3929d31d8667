import { page } from './page';

/** What went wrong, with the AADSTS number. */
export function errorPage(text: string): string {
  return page({
    title: 'Sorry, but we are having trouble signing you in',
    children: <p role="alert">{text}</p>,
  });
}

/** Tells the apps by frames (front-channel logout), then goes to `next` when there is one. */
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
          <p>
            <a href={next}>Go on</a>
          </p>
        )}
      </>
    ),
  });
}
