import { app } from '@azure/functions';
import { anteroom } from 'anteroom';

// Large bodies pass through while they come. Without it the host takes each body into memory first.
app.setup({ enableHttpStream: true });

export const auth = anteroom({
  homePath: '/api/latest',
  apis: {
    orders: {
      baseUrl: process.env['ORDERS_URL'],
      scopes: ['api://orders/Orders.Read', 'api://orders/Orders.Write'],
      proxy: { paths: ['/orders', '/orders/*', '/export', '/import', '/events'] },
    },
  },
});
auth.register(app);
