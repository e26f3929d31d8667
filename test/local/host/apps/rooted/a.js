const { app } = require('@azure/functions');

app.http('any', { route: '{*path}', handler: () => ({ body: 'any' }) });
app.http('zebra', { route: 'zebra', handler: () => ({ body: 'zebra' }) });
