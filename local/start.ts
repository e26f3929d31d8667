// `npm start`: the whole local stack in one terminal.
import { runStart } from './stack/run-start';

await runStart(process.argv.slice(2));
