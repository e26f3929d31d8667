import type { DeployContext } from './deploy-context';
import { DeployError } from './deploy-error';
import type { TemplateOutputs } from './deploy-template';
import { readRegistration } from './read-registration';

/**
 * Says where the app is and what is registered, read from the registration itself.
 * @throws DeployError when the registration lacks the redirect URI
 */
export async function reportAddress(
  context: DeployContext,
  outputs: TemplateOutputs,
): Promise<void> {
  const { report } = context;
  const { url = '', redirectUri = '', entraClientId = '' } = outputs;
  report(`\n${url}`);
  if (entraClientId === '') {
    report(`redirect URI to register: ${redirectUri} (there is no app registration yet)`);
    return;
  }
  const state = await readRegistration(context, entraClientId, redirectUri);
  if (state === 'has it') report(`registered redirect URI: ${redirectUri}`);
  else if (state === 'unreadable') {
    report(`redirect URI to register: ${redirectUri} (the registration could not be read)`);
  } else {
    report(`redirect URI to register: ${redirectUri}`);
    throw new DeployError(
      `The registration ${entraClientId} does not have this redirect URI.`,
      [
        'If this template makes it (deployEntraApp): deploy again. If somebody else keeps it, they run:',
        registrationCommand(outputs),
      ],
      'noSignIn',
    );
  }
}

/** What makes or mends the registration where the template does not. */
export function registrationCommand(outputs: TemplateOutputs): string {
  const { url = '', federationSubject = '', entraAppUniqueName = '' } = outputs;
  return `infra/scripts/entra-app.sh --url ${url} --identity ${federationSubject} --unique-name ${entraAppUniqueName}`;
}
