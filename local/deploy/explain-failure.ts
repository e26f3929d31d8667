import type { DeployOutcome } from './deploy-error';
import { DeployError } from './deploy-error';
import { explanations } from './failure-explanations';

/**
 * A failure of az as a person can act on it; Azure's own words stay above.
 * @param outcome how far it had come
 */
export function explainFailure(output: string, outcome: DeployOutcome): DeployError {
  const known = explanations.find(({ form }) => form.test(output));
  return new DeployError(
    known?.message ?? 'Azure refused, and why is not known here.',
    [
      ...(known?.remedy ?? ['Its own words are above.']),
      'It is safe to deploy again: what is there already stays as it is.',
    ],
    known?.outcome ?? outcome,
  );
}
