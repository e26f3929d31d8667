import { deploy } from './deploy/main';
import { thisMachine } from './deploy/steps';

process.exitCode = await deploy(process.argv.slice(2), thisMachine());
