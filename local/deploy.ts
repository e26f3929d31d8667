// `npm run deploy`: everything in Azure, in one command.
import { runDeploy } from './deploy/run-deploy';

process.exitCode = await runDeploy(process.argv.slice(2), (line) => {
  console.log(line);
});
