// `npm run bench:scale`: what one storage account carries, and several, by the calls that the code makes.
import { scaleReport } from './parts/report-scale';

console.log(await scaleReport());
