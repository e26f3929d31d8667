import type { Clock } from '../clock';
import type { ProviderRefusal } from '../errors';

/** Whether the provider accepts the app itself, by its last answers. One for each instance; it sends no request. */
export interface CredentialState {
  /** The provider refused the app: its secret has expired, or somebody disabled it. */
  refused(refusal: ProviderRefusal): void;
  /** The provider gave tokens to the app. */
  accepted(): void;
  /** The last refusal: for ten minutes, or until tokens come again. */
  lastRefusal(): ProviderRefusal | undefined;
}

const keptSeconds = 600;

export function createCredentialState(clock: Clock): CredentialState {
  let last: { readonly refusal: ProviderRefusal; readonly at: number } | undefined;
  return {
    refused: (refusal) => {
      last = { refusal, at: clock() };
    },
    accepted: () => {
      last = undefined;
    },
    lastRefusal: () =>
      last !== undefined && clock() < last.at + keptSeconds ? last.refusal : undefined,
  };
}
