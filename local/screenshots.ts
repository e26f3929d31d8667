// `npm run screenshots`: walks through the app in a real browser and writes docs/images/*.png.
import { takeScreenshots } from './screenshots/take-screenshots';

await takeScreenshots('docs/images');
