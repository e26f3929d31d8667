// The entry `anteroom/testing`: what tests of an app need. It is not for the app itself.
export {
  createSignedInContext,
  createTokenContext,
  type SignedInContextOptions,
  type TokenContextOptions,
} from './testing/signed-in-context';
export {
  type LocalAccount,
  type LocalStack,
  type LocalStackOptions,
  type LocalTokenOptions,
  type SignedInFetch,
  startLocalStack,
} from './testing/local-stack';
