const { app } = require('@azure/functions');

app.http('aHome', { route: '/', methods: ['GET'], handler: () => ({ body: 'home' }) });
