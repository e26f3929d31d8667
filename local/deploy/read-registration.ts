import { AzFailure } from './az';
import type { DeployContext } from './deploy-context';

/** Whether a redirect URI is in the app registration, as far as this person may see. */
export type RegistrationState = 'has it' | 'lacks it' | 'unreadable';

const looks = 3;

/** Looks more than once where it lacks it: what was changed a moment ago is not everywhere at once. */
export async function readRegistration(
  { az, clock, pauses }: DeployContext,
  clientId: string,
  redirectUri: string,
): Promise<RegistrationState> {
  for (let look = 1; ; look += 1) {
    const state = await lookOnce(az, clientId, redirectUri);
    if (state === 'has it' || look === looks) return state;
    await clock.pause(pauses.registrationMs);
  }
}

async function lookOnce(
  az: DeployContext['az'],
  clientId: string,
  redirectUri: string,
): Promise<RegistrationState> {
  try {
    const uris = await az(['ad', 'app', 'show', '--id', clientId, '--query', 'web.redirectUris']);
    if (!Array.isArray(uris)) return 'unreadable';
    return uris.includes(redirectUri) ? 'has it' : 'lacks it';
  } catch (error) {
    if (error instanceof AzFailure) return 'unreadable';
    throw error;
  }
}
