const { app } = require('@azure/functions');
app.http('forever', { handler: () => new Promise(() => undefined) });
app.http('quick', { handler: () => ({ body: 'quick' }) });
app.timer('foreverTimer', { schedule: '0 0 0 1 1 *', handler: () => new Promise(() => undefined) });
