// Served as /auth/continue.js. It runs only in the page that opens the same address once more. A fragment never reaches a
// server, so only a script can keep it.
// The parts of the browser that the server's own types do not know.
declare const document: {
  readonly currentScript: { readonly dataset: { readonly goTo?: string } } | null;
};
declare const location: { readonly hash: string; replace(url: string): void };
declare function addEventListener(type: 'load', listener: () => void): void;

/** Some hosts answer 404 to a query of more than 4,096 characters. */
const longestQuery = 4096;

const goTo = document.currentScript?.dataset.goTo;

// After the page is shown: a person sees it while the next page is slow.
addEventListener('load', () => {
  if (goTo === undefined) return;
  const { hash } = location;
  // The server gets it too: a person who must sign in first leaves this origin, and would lose the fragment.
  const told =
    hash === '' ? goTo : goTo.replace(/(anteroom-bounced=)1$/, `$1${encodeURIComponent(hash)}`);
  // Whoever is signed in keeps a longer fragment too: the browser itself takes it along.
  const isTooLong = told.length - told.indexOf('?') > longestQuery;
  // No entry in the history: "back" must not lead to a page that goes on by itself.
  location.replace((isTooLong ? goTo : told) + hash);
});

export {};
