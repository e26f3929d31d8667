import { removeRunFolder } from './run-folder';

/**
 * jest's globalTeardown: ends the Azurite that globalSetup started, by its process id, and removes the run's folder.
 * @throws Error when tests left something behind there
 */
export default function stopAzurite(): void {
  const pid = Number(process.env['TEST_AZURITE_PID']);
  if (Number.isSafeInteger(pid) && pid > 0) process.kill(pid);
  removeRunFolder();
}
