import { app } from '@azure/functions';
import { anteroom } from 'anteroom';

export const auth = anteroom({ homePath: '/api/hello' });
auth.register(app);
