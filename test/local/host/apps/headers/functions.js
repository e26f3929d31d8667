const { app } = require('@azure/functions');

app.http('plain', { route: 'plain', handler: () => ({ headers: { 'x-shared': 'handler' } }) });
