// `npm start`: the whole local stack in one terminal.
import { runStart } from './stack/run-start';
import { bypassProxyOnLoopback } from '../src/proxy';

// Nothing on this machine goes through a proxy.
bypassProxyOnLoopback(process.env);
await runStart(process.argv.slice(2));
