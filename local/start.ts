// `npm start`: the whole local stack in one terminal.
import { bypassProxyOnLoopback } from '../src/proxy';
import { runStart } from './stack/run-start';

// Nothing on this machine goes through a proxy.
bypassProxyOnLoopback(process.env);
await runStart(process.argv.slice(2));
