import { DeployError } from './deploy-error';

/** Longer ones say no more, and fill the screen. */
const shownCharacters = 300;

/**
 * For an answer of az that is not of the shape that was asked for. Reading it as "there is none" would state what nobody said.
 * @param command the words of the command, without values
 */
export function unexpectedAnswer(command: string, answer: unknown): DeployError {
  const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
  const said = text.trim() === '' ? 'nothing' : text.trim().slice(0, shownCharacters);
  return new DeployError(`az answered something unexpected to "az ${command}".`, [
    `It said: ${said}`,
    'See what is the matter with it: run that yourself, or az upgrade. Then run the same command again.',
  ]);
}
