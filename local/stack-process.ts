// A stack for tests: forked with IPC and `StackOptions` as JSON in its only argument, it starts a stack,
// tells what it consists of, and does as it is told until it is stopped or its parent is gone.
import { bypassProxyOnLoopback } from '../src/proxy';
import { runStackProcess } from './stack/stack-process';

// Nothing on this machine goes through a proxy.
bypassProxyOnLoopback(process.env);
await runStackProcess(process.argv[2] ?? '{}');
