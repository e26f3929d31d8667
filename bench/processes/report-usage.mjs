// Preloaded (`node --import`) into each server that is measured: tells what it has used, when asked.
process.on('message', (message) => {
  if (message !== 'usage') return;
  const { user, system } = process.cpuUsage();
  process.send({
    type: 'usage',
    cpuMs: (user + system) / 1000,
    rssBytes: process.memoryUsage.rss(),
  });
});
