/**
 * What may be shown of an error that nobody foresaw: its kind and where it arose. Its message and the source line, as
 * Node.js prints them, may hold a secret.
 * @param {unknown} error
 */
export function faultOfScript(error) {
  const name = error instanceof Error ? error.name : 'Error';
  const kind = /^[A-Za-z]{1,40}$/.test(name) ? name : 'Error';
  const frames = error instanceof Error ? framesOf(error) : '';
  const place = /([\w-]+\.mjs:\d+):\d+\)?$/m.exec(frames)?.[1];
  return `this is a fault of the script: ${kind}${place === undefined ? '' : ` at ${place}`}. Please report it. It can be run again.`;
}

/** The message is part of the stack, and is left out. @param {Error} error */
function framesOf({ stack = '', message }) {
  const start = stack.indexOf(message);
  return start < 0 ? '' : stack.slice(start + message.length);
}
