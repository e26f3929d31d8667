// The entry of the bundle. To add a function of your own, import its file here, for example `import './functions/reports';`.
import { app } from '@azure/functions';
import { auth } from './auth';

auth.register(app);
