import { app } from '@azure/functions';

app.http('module', { route: 'module', handler: () => ({ body: 'module' }) });
