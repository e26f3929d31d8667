// `npm run host`: the built app alone on the local Functions host, pointed at any provider, Graph and
// tables by its settings.
import { bypassProxyOnLoopback } from '../src/proxy';
import { settingDefaults } from '../src/settings';
import { runHost } from './host/run-host';

// Nothing on this machine goes through a proxy.
bypassProxyOnLoopback(process.env);
await runHost(process.argv.slice(2), Object.keys(settingDefaults));
