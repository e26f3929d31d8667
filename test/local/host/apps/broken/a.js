const { app } = require('@azure/functions');

app.http('fine', { route: 'fine', handler: () => ({ body: 'fine' }) });
