/** jest's globalTeardown: ends the Azurite that globalSetup started, by its process id. */
export default function stopAzurite(): void {
  const pid = Number(process.env['TEST_AZURITE_PID']);
  if (Number.isSafeInteger(pid) && pid > 0) process.kill(pid);
}
