// The entry of the bundle. To add a function of your own, import its file here, for example `import './functions/reports';`.
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { app } from '@azure/functions';
import { auth } from './auth';

auth.register(app);
limitYoungHeap();

/**
 * Under load, V8 lets the space for new objects grow to 128 MB and never takes it back. At 16 MB a request costs the same.
 * So growth ends there: the process takes half the memory, and more requests fit on one instance.
 *
 * The flag must come at run time. Set at the start it costs a quarter more CPU, since the space then stays at 1 MB. As an
 * argument of the worker (`languageWorkers__node__arguments`) Azure would not use the worker that it keeps warm.
 * @see https://nodejs.org/docs/latest-v24.x/api/v8.html#v8setflagsfromstringflags
 */
function limitYoungHeap(): void {
  const enoughBytes = 15_000_000;
  // The space grows after garbage collections only. On an idle instance nothing runs.
  const observer = new PerformanceObserver(() => {
    const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
    if (young === undefined || young.space_size < enoughBytes) return;
    setFlagsFromString('--semi-space-growth-factor=1');
    observer.disconnect();
  });
  observer.observe({ entryTypes: ['gc'] });
}
