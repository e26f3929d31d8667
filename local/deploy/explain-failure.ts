import { DeployError, type DeployOutcome } from './deploy-error';
import { explanations } from './failure-explanations';

/**
 * A failure of az as a person can act on it; Azure's own words stay above.
 * @param outcome how far it had come, as far as is known
 * @param hasParts whether parts were seen to be made, so that "nothing" would be a lie
 */
export function explainFailure(
  output: string,
  outcome: DeployOutcome,
  hasParts = false,
): DeployError {
  const known = explanations.find(({ form }) => form.test(output));
  const stated = known?.outcome ?? outcome;
  return new DeployError(
    known?.message ?? 'Azure refused, and why is not known here.',
    [
      ...(known?.remedy ?? ['Its own words are above.']),
      ...(known?.comesAgain === true
        ? []
        : ['It is safe to deploy again: what is there already stays as it is.']),
    ],
    hasParts && stated === 'nothing' ? 'parts' : stated,
  );
}
