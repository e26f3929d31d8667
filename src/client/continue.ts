// Served as /auth/continue.js: runs in the page that opens the same address once more, and nowhere else. The fragment
// never reaches a server, so only a script can take it along.

// The parts of the browser that the server's own types do not know.
declare const document: {
  readonly currentScript: { readonly dataset: { readonly goTo?: string } } | null;
};
declare const location: { readonly hash: string; replace(url: string): void };
declare function addEventListener(type: 'load', listener: () => void): void;

const goTo = document.currentScript?.dataset.goTo;

// When the page stands: it is what a person sees while the next one is slow to come.
addEventListener('load', () => {
  if (goTo === undefined) return;
  const { hash } = location;
  // For the server, too: whoever has to sign in first leaves this origin, and the fragment would not come back.
  const told =
    hash === '' ? goTo : goTo.replace(/(anteroom-bounced=)1$/, `$1${encodeURIComponent(hash)}`);
  // Not an entry of its own: "back" must not lead to the page that goes on by itself.
  location.replace(told + hash);
});

export {};
