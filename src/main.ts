// The bundle's entry. A function of your own registers itself as it is loaded: add `import './functions/reports';`.
import { app } from '@azure/functions';
import { auth } from './auth';

auth.register(app);
