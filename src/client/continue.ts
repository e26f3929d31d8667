// Served as /auth/continue.js. It runs only in the page that opens another address of this app. No server sees a fragment,
// so only a script can keep it.
// The server's types do not have these parts of the browser.
declare const document: {
  readonly currentScript: { readonly dataset: { readonly goTo?: string } } | null;
};
declare const location: { readonly hash: string; replace(url: string): void };
declare function addEventListener(type: 'load', listener: () => void): void;

/** Some hosts answer 404 to a longer query. In characters. */
const maxQueryLength = 4096;

const goTo = document.currentScript?.dataset.goTo;

// After the page is shown, so that a person sees it while the next page is slow.
addEventListener('load', () => {
  if (goTo === undefined) return;
  const { hash } = location;
  // The server gets the fragment in the marker. A person who must sign in first leaves this origin, and would lose it.
  const withFragment =
    hash === '' ? goTo : goTo.replace(/(anteroom-bounced=)1$/, `$1${encodeURIComponent(hash)}`);
  // A person who is signed in keeps a longer fragment too, because the browser keeps it.
  const isTooLong = withFragment.length - withFragment.indexOf('?') > maxQueryLength;
  // `replace` makes no entry in the history: "back" must not lead to a page that goes on by itself.
  location.replace((isTooLong ? goTo : withFragment) + hash);
});

export {};
